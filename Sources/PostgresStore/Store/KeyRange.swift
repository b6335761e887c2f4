/// Keys that this process may give out.
struct KeyRange: Sendable {
    private var next: Int64 = 0
    private var end: Int64 = 0

    /// The number that the sequence in the database counts by.
    private static let size: Int64 = 65_536

    /// Takes consecutive keys, greater than those of all earlier calls.
    ///
    /// - Parameter newRange: the first key of a range that nobody else has.
    mutating func take(
        _ count: Int, newRange: () throws -> Int64
    ) throws -> [Int64] {
        var keys: [Int64] = []
        keys.reserveCapacity(count)
        while keys.count < count {
            if next == end {
                next = try newRange()
                end = next + Self.size
            }
            let taken = min(Int64(count - keys.count), end - next)
            keys += next..<next + taken
            next += taken
        }
        return keys
    }
}
