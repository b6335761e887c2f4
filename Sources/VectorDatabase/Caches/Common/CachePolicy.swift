/// When caches are written, as a compromise between the cost of queries and of writes.
package struct CachePolicy: Sendable {
    /// Rows that queries may have to scan beyond the graph before it is extended, and the size
    /// above which a collection gets a graph at all: scanning 10,000 vectors of 384 dimensions
    /// takes about half a millisecond.
    package var smallestGraphLag = 10_000
    /// Rows that a fresh reader may have to fetch from the database, at a few microseconds each,
    /// before the flat file is written again.
    package var smallestFlatLag = 512
    /// The graph and the flat file may each lag by their row count divided by this number.
    package var lagShare = 20
    /// Rows inserted into a graph at once. During an ingest only whole batches are inserted, so
    /// that the same documents in the same order give the same graph.
    package var batch = 4096
    /// Passages that a fresh reader may have to read from the database and index in memory, at
    /// about 15 microseconds each, before the lexical files are written again: the recent segment's
    /// passages divided by `lexicalLagShare`, within these two bounds.
    package var smallestLexicalLag = 128
    package var largestLexicalLag = 512
    package var lexicalLagShare = 50
    /// The main lexical segment is rewritten once the recent passages, or its deleted ones,
    /// outnumber this bound or its own passages divided by `lexicalMergeShare`, whichever is
    /// larger.
    package var smallestLexicalMerge = 16_384
    package var lexicalMergeShare = 8
    /// During a long ingest the caches are saved only once this many times as long has passed as
    /// the last save took, so that saving takes about 1 / `savingShare` of the time.
    package var savingShare = 20

    /// Whether graphs are written with neighbor codes; `nil`: if they have them already. From
    /// ``DatabaseOptions/neighborCodes``.
    package var neighborCodes: Bool?

    package init() {}

    func graphLag(rows: Int) -> Int { max(smallestGraphLag, rows / lagShare) }

    func lexicalLag(recentRows: Int) -> Int {
        max(smallestLexicalLag, min(recentRows / lexicalLagShare, largestLexicalLag))
    }

    func flatLag(rows: Int) -> Int { max(smallestFlatLag, rows / lagShare) }
}
