/// The pairs of tokens that merge, with rank and result.
///
/// A hash table with open addressing over (left id, right id). A value has the merge's rank in the
/// upper and the new token's id in the lower 32 bits, so that comparing values compares ranks.
struct MergeTable: Sendable {
    private var keys: [UInt64]
    private var values: [UInt64]
    private let mask: Int
    private(set) var count = 0

    /// The value of pairs that do not merge; larger than every rank.
    static let none = UInt64.max
    private static let free = UInt64.max

    init(capacity: Int) {
        var slots = 16
        while slots * 5 < capacity * 8 { slots *= 2 }
        keys = Array(repeating: Self.free, count: slots)
        values = Array(repeating: Self.none, count: slots)
        mask = slots - 1
    }

    /// Adds a pair; it replaces an equal one. At most `capacity` pairs may be added.
    mutating func insert(_ left: Int32, _ right: Int32, rank: Int, result: Int32) {
        let key = Self.key(left, right)
        var slot = Int(truncatingIfNeeded: ByteHash.hash(key)) & mask
        while keys[slot] != Self.free, keys[slot] != key { slot = (slot + 1) & mask }
        if keys[slot] == Self.free { count += 1 }
        keys[slot] = key
        values[slot] = UInt64(rank) << 32 | UInt64(UInt32(bitPattern: result))
    }

    /// Keys with their values, in no order.
    var entries: [(key: UInt64, value: UInt64)] {
        zip(keys, values).filter { $0.0 != Self.free }.map { (key: $0.0, value: $0.1) }
    }

    @inline(__always)
    private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    /// Direct access to the table's storage for loops over many pairs.
    @inline(__always)
    func withLookup<Result>(_ body: (Lookup) -> Result) -> Result {
        keys.withUnsafeBufferPointer { keys in
            values.withUnsafeBufferPointer { values in
                body(Lookup(keys: keys.baseAddress!, values: values.baseAddress!, mask: mask))
            }
        }
    }

    struct Lookup {
        let keys: UnsafePointer<UInt64>
        let values: UnsafePointer<UInt64>
        let mask: Int

        /// The rank and the new id, or `none`.
        @inline(__always)
        func callAsFunction(_ left: Int32, _ right: Int32) -> UInt64 {
            let key = MergeTable.key(left, right)
            var slot = Int(truncatingIfNeeded: ByteHash.hash(key)) & mask
            while true {
                let found = keys[slot]
                if found == key { return values[slot] }
                if found == MergeTable.free { return MergeTable.none }
                slot = (slot + 1) & mask
            }
        }
    }
}
