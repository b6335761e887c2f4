import Embedding
import LexicalIndex
import Storage

/// A query with everything that is decided before searching: the mode, the vector, the fusion.
struct QueryPlan: Sendable {
    let query: Query
    let mode: QueryMode
    /// Set if the mode needs one.
    var vector: [Float]?
    /// Used in hybrid mode.
    var fusion: Fusion
    /// Set if tokens are compared.
    var tokenVectors: (any TokenVectors)?
    /// The parameters of lexical search.
    let scoring: BM25
    /// This query's share of the time spent on encoding.
    var encoding: Duration?
    /// Set if hits are re-ranked.
    let reranker: Reranker?

    /// Whether scores are weighted sums of what lists and tokens give.
    var joinsScores: Bool { mode == .hybrid || tokenVectors != nil }

    /// Whether the embedder encodes the query, or compares its tokens beside the query's own vector.
    fileprivate var asksForEmbedder: Bool {
        mode != .lexical && (vector == nil || fusion.asksForTokens)
    }

    /// Prepares to compare tokens, if the query or the embedder asks for it.
    fileprivate mutating func compareTokens(of embedder: any Embedder) throws {
        guard let (vectors, weight) = try fusion.tokenVectors(of: embedder, in: mode) else {
            return
        }
        if mode == .dense {
            (fusion.denseWeight, fusion.lexicalWeight) = (query.fusion.denseWeight ?? 1, 0)
        }
        fusion.tokenWeight = weight
        tokenVectors = vectors
    }
}

/// Chooses modes and encodes texts.
struct QueryPlanner {
    let collection: DocumentCollection
    let record: CollectionRecord

    /// The most texts in one call of the embedder.
    private static let batchSize = 256

    func plan(_ queries: [Query]) async throws -> [QueryPlan] {
        var plans: [QueryPlan] = []
        plans.reserveCapacity(queries.count)
        let settings = try collection.searchSettings(of: record)
        for query in queries { plans.append(try plan(query, settings)) }
        let open = plans.indices.filter { plans[$0].mode != .lexical && plans[$0].vector == nil }
        let asking = plans.indices.filter { plans[$0].asksForEmbedder }
        if !asking.isEmpty {
            let embedder = try collection.requireEmbedder(for: record)
            for index in asking {
                if plans[index].vector == nil, plans[index].fusion.denseWeight == nil {
                    plans[index].fusion.denseWeight = embedder.hybridWeight
                }
                try plans[index].compareTokens(of: embedder)
            }
        }
        for index in plans.indices where plans[index].fusion.denseWeight == nil {
            plans[index].fusion.denseWeight = plans[index].fusion.usualDenseWeight
        }
        for start in stride(from: 0, to: open.count, by: Self.batchSize) {
            let indices = open[start..<min(start + Self.batchSize, open.count)]
            let began = ContinuousClock.now
            let vectors = try await encode(indices.map { plans[$0].query.text })
            let share = (ContinuousClock.now - began) / indices.count
            for (index, vector) in zip(indices, vectors) {
                plans[index].vector = vector
                plans[index].encoding = share
            }
        }
        return plans
    }

    private func plan(_ query: Query, _ settings: SearchSettings?) throws -> QueryPlan {
        try validate(query)
        let mode = try query.mode ?? defaultMode(of: query)
        if mode != .lexical {
            guard record.dimensions > 0 else {
                throw DatabaseError.wordsOnly(collection: collection.name)
            }
            if let vector = query.vector {
                try VectorCheck.check(
                    vector, dimensions: record.dimensions, of: "the query")
            }
        }
        let settings = query.search ?? settings
        var fusion = query.fusion
        if fusion.method == .scores, fusion.denseWeight == nil {
            fusion.denseWeight = settings?.denseWeight(forModel: record.model.fingerprint)
        }
        return QueryPlan(
            query: query, mode: mode, vector: mode == .lexical ? nil : query.vector,
            fusion: fusion, scoring: settings?.scoring ?? .standard,
            reranker: try reranker(for: query))
    }

    private func validate(_ query: Query) throws {
        func require(_ condition: Bool, _ name: String, _ value: String, _ allowed: String) throws {
            if !condition {
                throw DatabaseError.outOfRange(parameter: name, value: value, allowed: allowed)
            }
        }
        try require(query.limit > 0, "limit", "\(query.limit)", "1 or more")
        if let ef = query.ef { try require(ef > 0, "ef", "\(ef)", "1 or more") }
        let weights: [(String, Double?)] = [
            ("dense weight", query.fusion.denseWeight),
            ("lexical weight", query.fusion.lexicalWeight),
            ("token weight", query.fusion.tokenWeight),
            ("question weight", query.questionWeight),
        ]
        for (name, weight) in weights {
            guard let weight else { continue }
            try require(weight.isFinite && weight >= 0, name, "\(weight)", "0 or more")
        }
        if let depth = query.rerankDepth {
            try require(depth > 0, "rerank", "\(depth)", "1 or more")
        }
        if query.vector != nil && query.text.isEmpty {
            if let mode = query.mode, mode != .dense {
                throw DatabaseError.textNeeded(for: "mode \(mode.rawValue)")
            }
            if query.rerankDepth != nil { throw DatabaseError.textNeeded(for: "re-ranking") }
            if query.fusion.asksForTokens {
                throw DatabaseError.textNeeded(for: "token weight")
            }
        }
    }

    /// Hybrid if there are words and a vector, or an embedder for one.
    private func defaultMode(of query: Query) throws -> QueryMode {
        if record.dimensions == 0 { return .lexical }
        if query.vector != nil { return query.text.isEmpty ? .dense : .hybrid }
        return EmbedderIdentity(record) == nil ? .lexical : .hybrid
    }

    private func reranker(for query: Query) throws -> Reranker? {
        guard query.rerankDepth != nil else { return nil }
        if let scorer = query.questionScorer {
            return .questionLikelihood(scorer, weight: query.questionWeight)
        }
        let embedder = try collection.requireEmbedder(for: record)
        guard let scorer = embedder as? any ScoringEmbedder else {
            throw DatabaseError.cannotRerank(embedder: "'\(embedder.identity.name)'")
        }
        return .documentLikelihood(scorer)
    }

    private func encode(_ texts: [String]) async throws -> [[Float]] {
        let embedder = try collection.requireEmbedder(for: record)
        let embeddings = try await EncodingCheck.embed(texts, with: embedder) {
            try await embedder.embedQueries($0)
        }
        for embedding in embeddings {
            try VectorCheck.check(
                embedding.vector, dimensions: record.dimensions, of: "the query")
        }
        return embeddings.map(\.vector)
    }
}
