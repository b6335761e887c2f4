/// Citus 13 or later, on paper: nobody has run this.
///
/// Tables are distributed by place. The coordinator pushes a search's order and limit down to the shards. SET
/// does not travel to them, so their candidates are a setting of the database (`ALTER DATABASE … SET
/// hnsw.ef_search`). Tables that are on every server are changed on each, so a change must choose the same rows
/// on all: none skips locked rows, and a lease counts from its statement's time, not from the moment's.
extension FlavourRules {
    static let citus = FlavourRules(
        title: "Citus",
        evidence: (
            "SELECT to_regproc('create_distributed_table') IS NOT NULL", "the extension citus"
        ),
        searchSettings: { _ in [] }, searchesAtOnce: true,
        placeNumbers: { CitusShards.placeNumbers($0) }, skipsLocked: false,
        tableSize: nil)
}

/// Which shard of a distributed table a place's rows are in.
package enum CitusShards {
    /// As in `schema/postgres/flavours/citus.sql`.
    package static let count = 64

    /// Of as many places the numbers: each in a shard of its own while there are shards, evenly over all.
    package static func placeNumbers(_ places: Int) -> [Int] {
        var next = [Int32](repeating: 0, count: count)
        return (0..<places).map { index in
            let shard =
                places <= count ? index * count / places : index % count
            var number = next[shard]
            while self.shard(of: number) != shard { number += 1 }
            next[shard] = number + 1
            return Int(number)
        }
    }

    /// Shards have equal ranges of the hash.
    static func shard(of place: Int32) -> Int {
        let range = (UInt64(1) << 32) / UInt64(count)
        return min(count - 1, Int((UInt64(Int64(hash(place)) - Int64(Int32.min))) / range))
    }

    /// PostgreSQL's hash of an integer: lookup3 by Jenkins, of one word.
    package static func hash(_ value: Int32) -> Int32 {
        func rotated(_ x: UInt32, _ bits: UInt32) -> UInt32 { x << bits | x >> (32 - bits) }
        var a: UInt32 = 0x9e37_79b9 &+ 4 &+ 3_923_095
        var (b, c) = (a, a)
        a &+= UInt32(bitPattern: value)
        c ^= b
        c &-= rotated(b, 14)
        a ^= c
        a &-= rotated(c, 11)
        b ^= a
        b &-= rotated(a, 25)
        c ^= b
        c &-= rotated(b, 16)
        a ^= c
        a &-= rotated(c, 4)
        b ^= a
        b &-= rotated(a, 14)
        c ^= b
        c &-= rotated(b, 24)
        return Int32(bitPattern: c)
    }
}
