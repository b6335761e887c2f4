import Embedding

/// How hybrid search joins what it finds by vector and by words: the score of a document is the
/// weighted sum of what the two lists give it.
///
///     score(d) = denseWeight · dense(d) + lexicalWeight · lexical(d)
///
/// A document that only one list has gets nothing from the other. The lists are ``depth(limit:)``
/// documents long. Documents of equal score are ordered by identifier.
///
/// With ``Method/scores`` and an embedder that has `tokenVectors`, the first 50 are then compared with
/// the query token by token, and get `tokenWeight` times what that gives, divided by the best. Dense mode
/// does the same if the query has a `tokenWeight`, without a list by words, and `denseWeight` is then 1
/// unless the query says otherwise.
///
/// ``Method/scores`` is the default. Ranks say that a document is ahead of another, not by how much:
/// they make a list whose first hit stands out alike to one whose hits are all as good. Bruch, Gai and
/// Ingber ("An Analysis of Fusion Functions for Hybrid Retrieval", 2023) find a weighted sum of scaled
/// scores ahead of reciprocal ranks within and across collections, less sensitive to its one weight,
/// and the kind of scaling of little matter. Here a score is divided by the list's best, which unlike
/// min-max scaling does not depend on where the list ends. nDCG@10 with the built-in model, the mean
/// of six judged collections, each with the weight that is best on the other five: divided by the best
/// 0.507, min-max 0.500, reciprocal ranks 0.500, BM25 alone 0.479 (Benchmarks/results/fusion.md). The
/// weight hardly matters: from 0.3 to 0.7 the mean is between 0.509 and 0.510.
public struct Fusion: Sendable, Equatable {
    /// What a list gives its documents.
    public enum Method: String, Sendable, CaseIterable {
        /// The score, divided by the best of the list; 0 for a negative one.
        ///
        /// If the best is not positive, as with minus the squared distance, the scores are scaled from
        /// 0 for the worst of the list to 1 for the best; if all are equal, to 1.
        case scores
        /// 1 / (60 + rank), after Cormack, Clarke and Büttcher (2009) and with their constant.
        case ranks
    }

    /// What the lists give.
    public var method: Method
    /// How much the list by vector counts; `nil` for the collection's ``SearchSettings`` if they
    /// have a weight (of scores), else the embedder's `hybridWeight` if it has one and encodes the
    /// query, else the method's own: 0.4 for scores, 0.35 for ranks. A model whose
    /// vectors alone are ahead of BM25 should have 1 or more.
    public var denseWeight: Double?
    /// How much the list by words counts.
    public var lexicalWeight: Double
    /// How much matching tokens count; `nil` for the embedder's weight in hybrid mode if it encodes the
    /// query, and else for not comparing them. ``Method/ranks`` has no use for it; a weight above 0 is
    /// refused with an embedder that has no `tokenVectors`, and with a query that has a vector and no
    /// text.
    public var tokenWeight: Double?

    /// Creates a fusion; each parameter sets the property of its name.
    public init(
        _ method: Method = .scores, denseWeight: Double? = nil, lexicalWeight: Double = 1,
        tokenWeight: Double? = nil
    ) {
        self.method = method
        self.denseWeight = denseWeight
        self.lexicalWeight = lexicalWeight
        self.tokenWeight = tokenWeight
    }

    /// Whether the query itself has a weight that counts.
    package var asksForTokens: Bool { method == .scores && tokenWeight ?? 0 > 0 }

    /// The vectors of tokens to compare with, and how much that counts: in hybrid mode by the query's
    /// weight or else the embedder's, in dense mode only by the query's. What a dense score is, an inner
    /// product, changes only if that is asked for. `nil` if no tokens are compared.
    ///
    /// - Throws: ``DatabaseError``: `cannotCompareTokens` if the query has a weight and the embedder no
    ///   vectors of tokens.
    package func tokenVectors(
        of embedder: any Embedder, in mode: QueryMode
    ) throws -> (vectors: any TokenVectors, weight: Double)? {
        // An embedder's first vectors take time, so they are asked for only if they may count.
        guard method == .scores, tokenWeight != 0,
            mode == .hybrid || mode == .dense && tokenWeight != nil
        else { return nil }
        let vectors = embedder.tokenVectors
        let own = mode == .hybrid ? vectors?.weight : nil
        guard let weight = tokenWeight ?? own, weight > 0 else { return nil }
        guard let vectors else {
            throw DatabaseError.cannotCompareTokens(embedder: "'\(embedder.identity.name)'")
        }
        return (vectors, weight)
    }

    /// How many documents of each list are joined: 100, or twice the hits wanted if that is more, so
    /// that a document in the middle of both lists can pass one at the top of a single list.
    public static func depth(limit: Int) -> Int {
        let (twice, overflows) = limit.multipliedReportingOverflow(by: 2)
        return overflows ? Int.max : max(100, twice)
    }

    /// The weight that counts if neither the query nor the embedder has one.
    package var usualDenseWeight: Double { method == .scores ? 0.4 : 0.35 }

    /// A document in the joined list.
    package struct Entry<ID: Hashable & Sendable>: Sendable {
        package let id: ID
        package fileprivate(set) var parts = HybridParts()
    }

    /// The joined list, unsorted.
    ///
    /// - Parameters: documents, best first, each once in a list.
    package func fuse<ID: Hashable & Sendable>(
        dense: [(id: ID, score: Double)], lexical: [(id: ID, score: Double)]
    ) -> [Entry<ID>] {
        var entries: [ID: Entry<ID>] = [:]
        entries.reserveCapacity(dense.count + lexical.count)
        let denseWeight = denseWeight ?? usualDenseWeight
        for (document, part) in zip(dense, parts(of: dense.map(\.score))) {
            entries[document.id, default: Entry(id: document.id)].parts.dense = denseWeight * part
        }
        for (document, part) in zip(lexical, parts(of: lexical.map(\.score))) {
            entries[document.id, default: Entry(id: document.id)].parts.lexical =
                lexicalWeight * part
        }
        return Array(entries.values)
    }

    /// What matching tokens give the first documents of a joined list, divided by the best.
    ///
    /// - Parameter scores: 0 or more.
    static func tokenParts(of scores: [Double], weight: Double) -> [Double] {
        guard let best = scores.max(), best > 0 else { return scores.map { _ in 0 } }
        return scores.map { weight * $0 / best }
    }

    /// What a list gives its documents, before the weight. The scores never increase.
    private func parts(of scores: [Double]) -> [Double] {
        guard let best = scores.first, let worst = scores.last else { return [] }
        switch method {
        case .ranks: return scores.indices.map { 1 / Double(61 + $0) }
        case .scores where best > 0: return scores.map { max(0, $0 / best) }
        case .scores where best > worst:
            return scores.map { ($0 - worst) / (best - worst) }
        case .scores: return scores.map { _ in 1 }
        }
    }
}

/// What a hybrid score is made of, or a dense one with tokens compared.
public struct HybridParts: Sendable, Equatable {
    /// What the list by vector gives, times its weight; 0 for a document that is not in it.
    public var dense: Double
    /// What the list by words gives, times its weight; 0 for a document that is not in it.
    public var lexical: Double
    /// What matching tokens give, times their weight; 0 for a document that is not among the first.
    public var tokens: Double

    package init(dense: Double = 0, lexical: Double = 0, tokens: Double = 0) {
        (self.dense, self.lexical, self.tokens) = (dense, lexical, tokens)
    }

    package var sum: Double { dense + lexical + tokens }
}
