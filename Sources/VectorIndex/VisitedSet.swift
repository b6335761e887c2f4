import VectorMath

/// The set of nodes that a walk has visited: a bit set, small enough for the L1 or L2 cache, which
/// is cleared by resetting only the words that were touched.
struct VisitedSet {
    private var words = AlignedArray<UInt64>()
    /// The nodes inserted, in order.
    private var touched = AlignedArray<UInt32>(capacity: 1024)

    /// Makes room for nodes below `count`; the set's content is kept.
    mutating func reserve(_ count: Int) {
        let needed = (count + 63) / 64
        if needed > words.count { words.resize(to: needed, filling: 0) }
    }

    /// Inserts a list of nodes, which ends early at the first that is not below `bound` (at most
    /// the reserved count). Returns the new ones; the buffer is valid until the next insertion.
    ///
    /// Whether a neighbor is new is unpredictable, so a branch would be mispredicted half the time.
    /// Instead every node is written, and the count grows only for new ones.
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

    /// Inserts a node below the reserved count; whether it is new.
    @inline(__always)
    @discardableResult
    mutating func insert(_ node: UInt32) -> Bool {
        let word = Int(node >> 6)
        let bit = UInt64(1) << UInt64(node & 63)
        guard words.pointer[word] & bit == 0 else { return false }
        words.pointer[word] |= bit
        touched.append(node)
        return true
    }

    /// The set as it is read in a loop; valid until room is made for more.
    struct Reader {
        let words: UnsafePointer<UInt64>

        @inline(__always)
        func contains(_ node: UInt32) -> Bool {
            words[Int(node >> 6)] &>> UInt64(node & 63) & 1 == 1
        }
    }

    var reader: Reader { Reader(words: words.pointer) }

    mutating func removeAll() {
        let (words, nodes) = (words.pointer, touched.pointer)
        for i in 0..<touched.count { words[Int(nodes[i] >> 6)] = 0 }
        touched.removeAll()
    }
}
