import VectorMath

/// Which nodes a walk has met: one bit each, small enough to stay in the nearest cache, and cleared
/// by undoing what was set.
struct VisitedSet {
    private var words = AlignedArray<UInt64>()
    private var touched = AlignedArray<UInt32>(capacity: 1024)

    /// Room for nodes below `count`; keeps what is in the set.
    mutating func reserve(_ count: Int) {
        let needed = (count + 63) / 64
        if needed > words.count { words.resize(to: needed, filling: 0) }
    }

    /// Makes room for `count` more insertions, so that they need no check.
    mutating func prepare(forInsertions count: Int) {
        let needed = touched.count + count
        if needed > touched.capacity { touched.reserve(max(needed, 2 * touched.capacity)) }
    }

    /// Returns whether `node` was not yet in the set. `node` is below the reserved count.
    @inline(__always)
    mutating func insert(_ node: UInt32) -> Bool {
        let word = words.pointer + Int(node >> 6)
        let bit = UInt64(1) << UInt64(node & 63)
        let old = word.pointee
        guard old & bit == 0 else { return false }
        word.pointee = old | bit
        touched.appendWithinCapacity(node)
        return true
    }

    mutating func removeAll() {
        let (words, nodes) = (words.pointer, touched.pointer)
        for i in 0..<touched.count { words[Int(nodes[i] >> 6)] = 0 }
        touched.removeAll()
    }
}
