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
    /// Rows inserted into a graph at once. During an ingest only whole batches are inserted, so
    /// that the same documents in the same order give the same graph.
    package var batch = 4096
    /// Passages that a fresh reader may have to read from the database and index in memory, at about
    /// 15 microseconds each, before the lexical files are written again: one part in this many of the
    /// recent ones, within these bounds.
    package var smallestLexicalLag = 128
    package var largestLexicalLag = 512
    package var lexicalLagShare = 50
    /// Recent passages, or deleted ones, for which the main lexical segment is written again; or one
    /// part in this many of its own.
    package var smallestLexicalMerge = 16_384
    package var lexicalMergeShare = 8
    /// During a long ingest the caches are written when the graph's lag calls for it, but writing may
    /// take no more than one part in this many of the time.
    package var savingShare = 20

    package init() {}

    func graphLag(rows: Int) -> Int { max(smallestGraphLag, rows / lagShare) }

    func lexicalLag(recentRows: Int) -> Int {
        max(smallestLexicalLag, min(recentRows / lexicalLagShare, largestLexicalLag))
    }

    func flatLag(rows: Int) -> Int { max(smallestFlatLag, rows / lagShare) }
}
