/// Joins the dense and the lexical ranking: score(d) = Σ over rankings of weight / (constant + rank(d)).
///
/// After Cormack, Clarke and Büttcher (2009), whose constant 60 is kept: it makes the first places
/// matter without letting one ranking's first place outvote agreement of both. A document that is
/// in one list only gets nothing from the other.
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
/// pulls the good down as often as it adds. For a model that is ahead of BM25 by itself, equal
/// weights are better: such a model's `autoregembed.json` can say so (`"hybrid_weight": 1`).
///
/// The lists are ``depth(limit:)`` documents deep. Documents that are equal in score are ordered
/// by identifier.
public struct ReciprocalRankFusion: Sendable, Equatable {
    /// Added to every rank; larger flattens the difference between places.
    public var constant: Double
    public var denseWeight: Double
    public var lexicalWeight: Double

    public init(constant: Double = 60, denseWeight: Double = 0.35, lexicalWeight: Double = 1) {
        self.constant = constant
        self.denseWeight = denseWeight
        self.lexicalWeight = lexicalWeight
    }

    /// How many documents of each ranking are joined: 100, or twice the hits wanted if that is more,
    /// so that a document in the middle of both lists can pass one at the top of a single list.
    public static func depth(limit: Int) -> Int {
        let (twice, overflows) = limit.multipliedReportingOverflow(by: 2)
        return overflows ? Int.max : max(100, twice)
    }

    /// A document's place in the joined ranking.
    package struct Entry<ID: Hashable & Sendable>: Sendable {
        package let id: ID
        /// What its rank in each list gives; 0 if it is not there.
        package fileprivate(set) var dense = 0.0
        package fileprivate(set) var lexical = 0.0

        package var score: Double { dense + lexical }
    }

    /// The joined ranking, in no order.
    ///
    /// - Parameters: identifiers of documents, best first, each once in a list.
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
