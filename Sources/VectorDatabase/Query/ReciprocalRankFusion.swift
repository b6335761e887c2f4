/// Fuses the dense and the lexical ranking: score(d) = Σ over rankings of weight / (constant +
/// rank(d)).
///
/// Cormack, Clarke and Büttcher (SIGIR 2009), with their constant of 60: the first ranks matter,
/// but one ranking's first rank does not outvote the agreement of both. Ranks count from 1. A
/// document that is missing from a ranking gets nothing from it.
///
/// The dense ranking counts about a third as much as the lexical one. With the built-in model on
/// the six judged collections of its model card, nDCG@10 x 100 compared with the lexical ranking
/// alone:
///
/// | dense weight | 1 | 0.7 | 0.5 | 0.35 | 0.2 |
/// | --- | --- | --- | --- | --- | --- |
/// | mean gain | -0.1 | 0.9 | 1.5 | 1.9 | 1.9 |
/// | worst set | -2.6 | -1.1 | -0.6 | 0.3 | 0.2 |
///
/// With equal weights a small model, whose dense ranking alone reaches three quarters of BM25,
/// hurts as often as it helps. For a model that beats BM25 by itself equal weights are better; its
/// `autoregembed.json` can say so (`"hybrid_weight": 1`).
///
/// Each ranking is ``depth(limit:)`` documents deep. Equal scores are ordered by id.
public struct ReciprocalRankFusion: Sendable, Equatable {
    /// Added to every rank, at least 0; a larger one flattens the differences between ranks.
    public var constant: Double
    /// The weight of the dense ranking, at least 0.
    public var denseWeight: Double
    /// The weight of the lexical ranking, at least 0.
    public var lexicalWeight: Double

    /// Creates a fusion. A query with a negative or infinite value throws `outOfRange`.
    public init(constant: Double = 60, denseWeight: Double = 0.35, lexicalWeight: Double = 1) {
        self.constant = constant
        self.denseWeight = denseWeight
        self.lexicalWeight = lexicalWeight
    }

    /// The number of documents taken from each ranking: 100 or twice `limit`, whichever is more, so
    /// that a document in the middle of both rankings can pass one at the top of a single one.
    public static func depth(limit: Int) -> Int {
        let (twice, overflows) = limit.multipliedReportingOverflow(by: 2)
        return overflows ? Int.max : max(100, twice)
    }

    /// A document in the fused ranking.
    package struct Entry<ID: Hashable & Sendable>: Sendable {
        package let id: ID
        /// The contribution of each ranking; 0 if the document is not in it.
        package fileprivate(set) var dense = 0.0
        package fileprivate(set) var lexical = 0.0

        package var score: Double { dense + lexical }
    }

    /// The fused ranking, unsorted.
    ///
    /// - Parameters:
    ///   - dense: ids of documents, best first, each once.
    ///   - lexical: likewise.
    package func fuse<ID: Hashable & Sendable>(dense: [ID], lexical: [ID]) -> [Entry<ID>] {
        var entries: [ID: Entry<ID>] = [:]
        entries.reserveCapacity(dense.count + lexical.count)
        for (index, id) in dense.enumerated() {
            entries[id, default: Entry(id: id)].dense = denseWeight / (constant + Double(index + 1))
        }
        for (index, id) in lexical.enumerated() {
            entries[id, default: Entry(id: id)].lexical =
                lexicalWeight / (constant + Double(index + 1))
        }
        return Array(entries.values)
    }
}
