import VectorMath

/// The best candidates of a walk, nearest first, each marked as expanded or not.
///
/// One sorted array serves as both queues of the paper: the results (all entries) and the
/// candidates (those not yet expanded). Each entry is an integer that sorts by distance, then by
/// node, so that ties are always broken in the same way:
///
///     63            32 31            1   0
///     | distance      | node          | expanded |
struct CandidatePool {
    private var memory: AlignedArray<UInt64>
    private(set) var count = 0
    private(set) var limit = 0
    /// All entries before this one are expanded.
    private var cursor = 0

    init() { memory = AlignedArray(capacity: 256) }

    /// Empties the pool and sets how many entries it keeps, at least one.
    mutating func reset(limit: Int) {
        memory.reserve(limit + 1)
        (count, self.limit, cursor) = (0, max(1, limit), 0)
    }

    private var entries: UnsafeMutablePointer<UInt64> { memory.pointer }

    /// Adds a new node, unless the pool is full of nearer ones. Returns whether it is now the
    /// nearest unexpanded entry.
    @inline(__always)
    @discardableResult
    mutating func insert(_ distance: Float, _ node: UInt32) -> Bool {
        let entry = Self.entry(distance, node)
        let entries = entries
        if count == limit {
            guard entry < entries[count - 1] else { return false }
            count -= 1
        }
        // Branchless binary search, since branches would be unpredictable.
        var position = 0
        var length = count
        while length > 1 {
            let half = length >> 1
            position += entries[position + half - 1] < entry ? half : 0
            length -= half
        }
        if length == 1, entries[position] < entry { position += 1 }
        (entries + position + 1).update(from: entries + position, count: count - position)
        entries[position] = entry
        count += 1
        guard position <= cursor else { return false }
        cursor = position
        return true
    }

    /// The node that `next` will return if nothing nearer is inserted.
    @inline(__always)
    var upcoming: UInt32? {
        let entries = entries
        var index = cursor
        while index < count {
            if entries[index] & 1 == 0 { return Self.node(entries[index]) }
            index += 1
        }
        return nil
    }

    /// Marks the nearest unexpanded node as expanded and returns it; `nil` if there is none.
    @inline(__always)
    mutating func next() -> UInt32? {
        let entries = entries
        while cursor < count {
            let entry = entries[cursor]
            cursor += 1
            if entry & 1 == 0 {
                entries[cursor - 1] = entry | 1
                return Self.node(entry)
            }
        }
        return nil
    }

    func node(at index: Int) -> UInt32 { Self.node(entries[index]) }
    func distance(at index: Int) -> Float { Self.distance(entries[index]) }

    /// The distance beyond which no entry is kept.
    var bound: Float { count < limit ? .infinity : Self.distance(entries[count - 1]) }

    static func entry(_ distance: Float, _ node: UInt32) -> UInt64 {
        // Adding 0 turns -0 into 0. As integers, negative floats sort in reverse, so all their bits
        // are flipped; positive ones get the top bit set, to come after them.
        let bits = (distance + 0).bitPattern
        let ordered = bits ^ (bits >> 31 == 0 ? 0x8000_0000 : 0xffff_ffff)
        return UInt64(ordered) << 32 | UInt64(node) << 1
    }

    static func node(_ entry: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: entry) >> 1 }

    static func distance(_ entry: UInt64) -> Float {
        let ordered = UInt32(truncatingIfNeeded: entry >> 32)
        return Float(bitPattern: ordered ^ (ordered >> 31 == 1 ? 0x8000_0000 : 0xffff_ffff))
    }
}
