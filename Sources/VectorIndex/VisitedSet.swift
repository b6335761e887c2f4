import VectorMath

/// Which nodes a walk has met: one bit each, small enough to stay in the nearest cache, and cleared
/// by undoing what was set.
struct VisitedSet {
    private var words = AlignedArray<UInt64>()
    /// What has been inserted, in order.
    private var touched = AlignedArray<UInt32>(capacity: 1024)

    /// Room for nodes below `count`; keeps what is in the set.
    mutating func reserve(_ count: Int) {
        let needed = (count + 63) / 64
        if needed > words.count { words.resize(to: needed, filling: 0) }
    }

    /// Inserts a list of nodes, which ends early at the first that is not below `bound` (itself at
    /// most the reserved count), and returns those that are new; valid until the next insertion.
    ///
    /// Whether a neighbor is new is a coin toss, so that a branch on it would be guessed wrong half
    /// the time: every one is written down, and the new ones alone are counted.
    @inline(__always)
    mutating func insertNew(_ nodes: UnsafePointer<UInt32>, count: Int, below bound: Int)
        -> UnsafeBufferPointer<UInt32>
    {
        let start = touched.count
        if start + count + 1 > touched.capacity { touched.reserve(2 * touched.capacity + count) }
        let words = words.pointer
        let fresh = touched.pointer + start
        var freshCount = 0
        for i in 0..<count {
            let node = nodes[i]
            guard node < bound else { break }
            let word = words[Int(node >> 6)]
            let bit = UInt64(node & 63)
            words[Int(node >> 6)] = word | 1 << bit
            fresh[freshCount] = node
            freshCount += Int(~(word >> bit) & 1)
        }
        touched.extendWithinCapacity(by: freshCount)
        return UnsafeBufferPointer(start: fresh, count: freshCount)
    }

    mutating func removeAll() {
        let (words, nodes) = (words.pointer, touched.pointer)
        for i in 0..<touched.count { words[Int(nodes[i] >> 6)] = 0 }
        touched.removeAll()
    }
}
