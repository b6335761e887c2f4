/// Byte-pair merging (Sennrich et al. 2016): repeatedly merges the adjacent pair of lowest rank,
/// the leftmost of equals.
enum Merging {
    /// Up to this many symbols, the next merge is found by scanning all pairs, which is faster for
    /// words than a queue.
    static let longestScanned = 48

    /// Merges `symbols[0 ..< count]` in place and returns the number of symbols left. `ranks` is
    /// scratch of the same length. Quadratic: for at most `longestScanned` symbols.
    @inline(__always)
    static func scan(
        _ symbols: UnsafeMutablePointer<Int32>, _ ranks: UnsafeMutablePointer<UInt64>,
        count: Int, lookup: MergeTable.Lookup
    ) -> Int {
        var count = count
        guard count > 1 else { return count }
        for index in 0..<count - 1 { ranks[index] = lookup(symbols[index], symbols[index + 1]) }
        while count > 1 {
            var best = MergeTable.none
            var at = 0
            for index in 0..<count - 1 where ranks[index] < best {
                best = ranks[index]
                at = index
            }
            if best == MergeTable.none { break }
            symbols[at] = Int32(truncatingIfNeeded: best & 0xFFFF_FFFF)
            count -= 1
            var index = at + 1
            while index < count {
                symbols[index] = symbols[index + 1]
                ranks[index - 1] = ranks[index]
                index += 1
            }
            if at > 0 { ranks[at - 1] = lookup(symbols[at - 1], symbols[at]) }
            if at < count - 1 { ranks[at] = lookup(symbols[at], symbols[at + 1]) }
        }
        return count
    }

    /// The same for any number of symbols, in O(n log n), with a queue of pairs. A queued pair that
    /// has changed since is recognized by its rank.
    static func queue(_ symbols: inout [Int32], lookup: MergeTable.Lookup) {
        let count = symbols.count
        guard count > 1 else { return }
        // A linked list of the remaining symbols.
        var next = Array(1...count)
        var previous = Array(-1..<count - 1)
        var ranks = [UInt64](repeating: MergeTable.none, count: count)
        var heap = PairHeap()
        for index in 0..<count - 1 {
            ranks[index] = lookup(symbols[index], symbols[index + 1])
            if ranks[index] != MergeTable.none { heap.push(rank: ranks[index], position: index) }
        }
        while let (rank, at) = heap.pop() {
            // The symbol has been merged, or its pair has changed.
            guard ranks[at] >> 32 == rank else { continue }
            let merged = next[at]
            symbols[at] = Int32(truncatingIfNeeded: ranks[at] & 0xFFFF_FFFF)
            let after = next[merged]
            next[at] = after
            ranks[merged] = MergeTable.none
            symbols[merged] = -1
            ranks[at] = MergeTable.none
            if after < count {
                previous[after] = at
                ranks[at] = lookup(symbols[at], symbols[after])
                if ranks[at] != MergeTable.none { heap.push(rank: ranks[at], position: at) }
            }
            let before = previous[at]
            if before >= 0 {
                ranks[before] = lookup(symbols[before], symbols[at])
                if ranks[before] != MergeTable.none {
                    heap.push(rank: ranks[before], position: before)
                }
            }
        }
        symbols.removeAll { $0 < 0 }
    }

    /// A binary heap of (rank, position), smallest first.
    private struct PairHeap {
        private var items: [UInt64] = []

        mutating func push(rank: UInt64, position: Int) {
            items.append(rank & 0xFFFF_FFFF_0000_0000 | UInt64(position))
            var child = items.count - 1
            while child > 0 {
                let parent = (child - 1) / 2
                if items[parent] <= items[child] { break }
                items.swapAt(parent, child)
                child = parent
            }
        }

        mutating func pop() -> (rank: UInt64, position: Int)? {
            guard let first = items.first else { return nil }
            let last = items.removeLast()
            if !items.isEmpty {
                items[0] = last
                var parent = 0
                while true {
                    var child = 2 * parent + 1
                    if child >= items.count { break }
                    if child + 1 < items.count, items[child + 1] < items[child] { child += 1 }
                    if items[parent] <= items[child] { break }
                    items.swapAt(parent, child)
                    parent = child
                }
            }
            return (first >> 32, Int(first & 0xFFFF_FFFF))
        }
    }
}
