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
    public static func depth(limit: Int) -> Int { max(100, 2 * limit) }

    /// The joined ranking, best first.
    ///
    /// - Parameters: identifiers of documents, best first, each once in a list.
    package func fuse(dense: [String], lexical: [String]) -> [(id: String, score: Double)] {
        var scores: [String: Double] = [:]
        scores.reserveCapacity(dense.count + lexical.count)
        for (list, weight) in [(dense, denseWeight), (lexical, lexicalWeight)] {
            for (index, id) in list.enumerated() {
                scores[id, default: 0] += weight / (constant + Double(index + 1))
            }
        }
        return scores.map { (id: $0.key, score: $0.value) }
            .sorted { ($1.score, $0.id) < ($0.score, $1.id) }
    }
}
