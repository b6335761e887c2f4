/// When caches are written: what keeps both queries and writes cheap.
package struct CachePolicy: Sendable {
    /// Rows that queries may have to scan beyond the graph before it is extended, and the size
    /// above which a collection gets a graph at all: scanning 10,000 vectors of 384 dimensions
    /// takes about half a millisecond.
    package var smallestGraphLag = 10_000
    /// Rows that a fresh reader may have to fetch from the database, at a few microseconds each,
    /// before the flat file is written again.
    package var smallestFlatLag = 512
    /// Either may lag by one part in this many of its rows.
    package var lagShare = 20
    /// Rows inserted into a graph at once. While an ingest goes on only whole batches are inserted, so
    /// that the same documents in the same order give the same graph.
    package var batch = 4096
    /// Passages that a fresh reader may have to read from the database and index in memory, at 30
    /// microseconds each, before the lexical files are written again: one part in this many of the
    /// recent ones, within these bounds.
    package var smallestLexicalLag = 128
    package var largestLexicalLag = 512
    package var lexicalLagShare = 50
    /// Recent passages, or deleted ones, for which the main lexical segment is written again; or one
    /// part in this many of its own.
    package var smallestLexicalMerge = 16_384
    package var lexicalMergeShare = 8
    /// Passages beyond the lexical files up to which a reader indexes them in memory: reading
    /// and indexing these takes about two seconds, once.
    package var longestLexicalTail = 65_536
    /// Passages that SQLite searches in the time in which one passage is read and indexed.
    package var passagesSearchedPerIndexed = 40
    /// During a long ingest the caches are written when the graph's lag calls for it, but writing may
    /// take no more than one part in this many of the time.
    package var savingShare = 20

    package init() {}

    func graphLag(rows: Int) -> Int { max(smallestGraphLag, rows / lagShare) }

    func lexicalLag(recentRows: Int) -> Int {
        max(smallestLexicalLag, min(recentRows / lexicalLagShare, largestLexicalLag))
    }

    /// Whether a reader that has asked SQLite `searches` times already indexes the passages beyond the
    /// files in memory: as soon as that costs no more than the searches so far and the next one, so
    /// that all together take at most twice the time of the better way.
    func indexesTail(of passages: Int, total: Int, searches: Int) -> Bool {
        guard passages <= longestLexicalTail else { return false }
        let bound = (searches + 1) * (total / passagesSearchedPerIndexed)
        return passages <= max(largestLexicalLag, bound)
    }

    func flatLag(rows: Int) -> Int { max(smallestFlatLag, rows / lagShare) }
}
