import Foundation

/// The model's tokens and ids, with lookup in both directions.
///
/// Tokens are stored consecutively in one block of bytes and found by a hash table with open
/// addressing. A slot has the 32-bit hash in its upper half and the entry's number plus one in its
/// lower half; 0 is free. At most half of the slots are used.
struct Vocabulary: Sendable {
    private var arena: [UInt8] = []
    /// Entry n is `arena[starts[n] ..< starts[n + 1]]`.
    private var starts: [Int] = [0]
    private var ids: [Int32] = []
    private var slots: [UInt64]
    /// The entry of each id, or -1 if an id is not used. Filled by `finish`.
    private var entries: [Int32] = []

    /// Ids may have gaps, but not so many that a small file requires a large table.
    static func largestID(count: Int) -> Int { 8 * count + 1_000_000 }

    /// The number of tokens.
    var count: Int { ids.count }
    /// One more than the largest id.
    var idLimit: Int { entries.count }
    /// The bytes of the longest token.
    var longestToken: Int {
        zip(starts.dropFirst(), starts).reduce(0) { max($0, $1.0 - $1.1) }
    }

    /// - Parameter capacity: tokens to make room for at once. It may be exceeded.
    init(capacity: Int = 500) {
        var count = 1_024
        while count < 2 * capacity { count *= 2 }
        slots = Array(repeating: 0, count: count)
        ids.reserveCapacity(capacity)
        starts.reserveCapacity(capacity + 1)
    }

    mutating func insert(_ token: UnsafeBufferPointer<UInt8>, id: Int) throws(TokenizerError) {
        guard id >= 0, id < Int(Int32.max) else {
            throw .idOutOfRange(token: String(decoding: token, as: UTF8.self), id: id)
        }
        if (ids.count + 1) * 2 > slots.count { grow() }
        let hash = Self.hash(token)
        let slot = find(token, hash)
        guard slots[slot] == 0 else {
            throw .duplicateToken(String(decoding: token, as: UTF8.self))
        }
        ids.append(Int32(id))
        arena.append(contentsOf: token)
        starts.append(arena.count)
        slots[slot] = UInt64(hash) << 32 | UInt64(ids.count)
    }

    /// Builds the lookup by id. Called once, after the last `insert`.
    mutating func finish() throws(TokenizerError) {
        let largest = Int(ids.max() ?? -1)
        if largest > Self.largestID(count: ids.count),
            let entry = ids.firstIndex(of: Int32(largest))
        {
            throw .idOutOfRange(
                token: String(decoding: bytes(ofEntry: entry), as: UTF8.self), id: largest)
        }
        entries = Array(repeating: -1, count: largest + 1)
        for (entry, id) in ids.enumerated() {
            guard entries[Int(id)] < 0 else {
                throw .duplicateID(
                    Int(id), token: String(decoding: bytes(ofEntry: entry), as: UTF8.self))
            }
            entries[Int(id)] = Int32(entry)
        }
    }

    // MARK: Looking up

    /// The id of the token, or -1.
    @inline(__always)
    func id(of token: UnsafeBufferPointer<UInt8>) -> Int32 {
        let slot = slots[find(token, Self.hash(token))]
        return slot == 0 ? -1 : ids[Int(slot & 0xFFFF_FFFF) - 1]
    }

    func id(of token: some Collection<UInt8>) -> Int32? {
        let bytes = Array(token)
        let id = bytes.withUnsafeBufferPointer { self.id(of: $0) as Int32 }
        return id < 0 ? nil : id
    }

    /// The token's UTF-8; nil if the id is not used.
    func token(_ id: Int32) -> ArraySlice<UInt8>? {
        guard id >= 0, Int(id) < entries.count, entries[Int(id)] >= 0 else { return nil }
        return bytes(ofEntry: Int(entries[Int(id)]))
    }

    /// Whether the token is the concatenation of the two parts. Compares bytes, without hashing.
    func token(
        _ id: Int32, is left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        guard id >= 0, Int(id) < entries.count, entries[Int(id)] >= 0 else { return false }
        let entry = Int(entries[Int(id)])
        let start = starts[entry]
        guard starts[entry + 1] - start == left.count + right.count else { return false }
        return arena.withUnsafeBufferPointer { arena in
            let token = arena[start..<start + left.count + right.count]
            return token.prefix(left.count).elementsEqual(left)
                && token.suffix(right.count).elementsEqual(right)
        }
    }

    private func bytes(ofEntry entry: Int) -> ArraySlice<UInt8> {
        arena[starts[entry]..<starts[entry + 1]]
    }

    @inline(__always)
    private static func hash(_ token: UnsafeBufferPointer<UInt8>) -> UInt32 {
        guard let base = token.baseAddress else { return 0 }
        return ByteHash.hash(base, token.count)
    }

    /// The token's slot, or the free slot to insert it into.
    @inline(__always)
    private func find(_ token: UnsafeBufferPointer<UInt8>, _ hash: UInt32) -> Int {
        slots.withUnsafeBufferPointer { slots in
            arena.withUnsafeBufferPointer { arena in
                starts.withUnsafeBufferPointer { starts in
                    let mask = slots.count - 1
                    var slot = Int(hash) & mask
                    while true {
                        let value = slots[slot]
                        if value == 0 { return slot }
                        if UInt32(truncatingIfNeeded: value >> 32) == hash {
                            let entry = Int(value & 0xFFFF_FFFF) - 1
                            let start = starts[entry]
                            let length = starts[entry + 1] - start
                            if length == token.count,
                                length == 0
                                    || memcmp(
                                        arena.baseAddress! + start, token.baseAddress!, length) == 0
                            {
                                return slot
                            }
                        }
                        slot = (slot + 1) & mask
                    }
                }
            }
        }
    }

    private mutating func grow() {
        var larger = [UInt64](repeating: 0, count: slots.count * 4)
        let mask = larger.count - 1
        for value in slots where value != 0 {
            var slot = Int(value >> 32) & mask
            while larger[slot] != 0 { slot = (slot + 1) & mask }
            larger[slot] = value
        }
        slots = larger
    }
}
