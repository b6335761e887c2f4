import Embedding
import Storage

/// Runs one planned query.
struct QueryRun: Sendable {
    let collection: DocumentCollection
    let record: CollectionRecord
    let plan: QueryPlan

    private var store: any Store { collection.store }
    private var query: Query { plan.query }

    /// What a search found, and how long it took.
    private struct Timed: Sendable {
        var found = Candidates()
        var duration = Duration.zero

        var documents: [RankedDocument] { found.documents.map(RankedDocument.init) }

        init() {}

        init(_ search: () throws -> Candidates) rethrows {
            let began = ContinuousClock.now
            found = try search()
            duration = ContinuousClock.now - began
        }
    }

    /// How often to try if a writer deletes a document after it was found and before it is read.
    private static let attempts = 4

    /// More than any collection has, and small enough to be multiplied without overflow.
    private static let mostDocuments = 1 << 40

    /// - Parameter inParallel: whether dense and lexical search may run at the same time.
    func answer(inParallel: Bool) async throws -> Answer {
        var attempt = 1
        while true {
            let answer = try await answer(
                inParallel: inParallel, attempt: attempt)
            if let answer { return answer }
            attempt += 1
        }
    }

    /// - Returns: `nil` if hits were deleted meanwhile, unless it is the last attempt, which leaves them
    ///   out.
    private func answer(inParallel: Bool, attempt: Int) async throws -> Answer? {
        try Task.checkCancellation()
        var clock = PhaseClock()
        if let encoding = plan.encoding { clock.note("encode", encoding) }
        let retriever = try makeRetriever(isFresh: attempt > 1, clock: &clock)
        let depth = depthOfLists
        var (dense, lexical) = (Timed(), Timed())
        if inParallel && plan.mode == .hybrid {
            async let byWords = searchByWords(in: retriever, depth: depth)
            dense = try searchByVector(in: retriever, depth: depth)
            lexical = try await byWords
        } else {
            if plan.mode != .lexical { dense = try searchByVector(in: retriever, depth: depth) }
            if plan.mode != .dense {
                lexical = try await searchByWords(in: retriever, depth: depth)
            }
        }
        if plan.mode != .lexical { clock.note("dense", dense.duration) }
        if plan.mode != .dense { clock.note("lexical", lexical.duration) }
        var documents: [RankedDocument] =
            switch plan.mode {
            case _ where plan.joinsScores:
                clock.measure("fuse") { fuse(dense.documents, lexical.documents) }
            case .lexical: lexical.documents
            case .dense, .hybrid: dense.documents
            }
        // What is read here need not be read again.
        var passages: [Int64: PassageRecord] = [:]
        if let tokens = plan.tokenVectors, let weight = plan.fusion.tokenWeight {
            passages = try clock.measure("tokens") {
                try matchTokens(of: &documents, tokens, weight)
            }
        }
        if let reranker = plan.reranker {
            try await rerank(&documents, by: reranker, clock: &clock)
        }
        let leftOut = dropLowScores(&documents)
        guard
            let hits = try clock.measure(
                "fetch",
                {
                    try fetch(documents, known: passages, mayLack: attempt >= Self.attempts)
                })
        else { return nil }
        var explanation = Explanation(dense: dense.found.cost, lexical: lexical.found.cost)
        if query.explains, dense.found.cost.rowsAreTheIndexes {
            let index = try collection.index.statistics(of: record)
            (explanation.graphRows, explanation.tailRows) = (index.graphRows, index.tailRows)
            // Those that are in no graph were all compared.
            explanation.distanceComputations = max(
                explanation.distanceComputations, index.tailRows)
        }
        explanation.bestScoreLeftOut = leftOut
        explanation.phases = clock.phases
        explanation.matchingPassages = retriever.matchingPassages
        explanation.fusion = plan.joinsScores ? plan.fusion : nil
        return Answer(
            query: query, mode: plan.mode, hits: hits,
            duration: clock.elapsed + (plan.encoding ?? .zero),
            vector: plan.mode == .lexical ? nil : plan.vector, explanation: explanation)
    }

    /// How many documents each search must rank.
    private var depthOfLists: Int {
        let wanted = min(max(query.limit, query.rerankDepth ?? 0), Self.mostDocuments)
        // Twice as many leave enough if each has a duplicate.
        guard plan.joinsScores else { return mergesDuplicates ? 2 * wanted : wanted }
        return query.fusionDepth ?? Fusion.depth(limit: wanted)
    }

    /// Ready-made vectors need not have been made of the text.
    private var mergesDuplicates: Bool {
        query.mergesDuplicates && query.fetchesContent
            && (plan.mode == .lexical || EmbedderIdentity(record) != nil)
    }

    private func makeRetriever(
        isFresh: Bool, clock: inout PhaseClock
    ) throws -> any Retriever {
        guard let filter = query.filter else {
            return try collection.index.retriever(for: record, filter: nil, isFresh: isFresh)
        }
        return try clock.measure("filter") {
            try collection.index.retriever(for: record, filter: filter.predicate, isFresh: isFresh)
        }
    }

    private func searchByVector(in retriever: any Retriever, depth: Int) throws -> Timed {
        guard let vector = plan.vector else { return Timed() }
        return try Timed {
            try retriever.dense(vector, depth: depth, ef: query.ef, isExact: query.isExact)
        }
    }

    private func searchByWords(in retriever: any Retriever, depth: Int) async throws -> Timed {
        try Timed { try retriever.lexical(query.text, depth: depth, scoring: plan.scoring) }
    }

    /// A document found by both shows the passage of the ranking that contributes more to its
    /// score; of equal contributions, the lexical one.
    private func fuse(_ dense: [RankedDocument], _ lexical: [RankedDocument]) -> [RankedDocument] {
        var (nearest, bestWords): ([Int64: RankedDocument], [Int64: RankedDocument]) = ([:], [:])
        for document in dense { nearest[document.key] = document }
        for document in lexical { bestWords[document.key] = document }
        return plan.fusion.fuse(
            dense: dense.map { ($0.key, $0.score) }, lexical: lexical.map { ($0.key, $0.score) }
        )
        .compactMap { entry in
            let (first, second) =
                entry.parts.lexical >= entry.parts.dense
                ? (bestWords[entry.id], nearest[entry.id])
                : (nearest[entry.id], bestWords[entry.id])
            guard var document = first ?? second else { return nil }
            document.score = entry.parts.sum
            document.parts = entry.parts
            return document
        }
        .sorted(by: RankedDocument.precedes)
    }

    /// Adds to the first documents' scores how well their tokens match the query's.
    ///
    /// The others have lower scores already, so nothing passes these.
    ///
    /// - Returns: the passages that were read, by their keys.
    private func matchTokens(
        of documents: inout [RankedDocument], _ vectors: any TokenVectors, _ weight: Double
    ) throws -> [Int64: PassageRecord] {
        let passages = try passages(of: documents.prefix(TokenMatching.depth))
        let texts = documents.prefix(TokenMatching.depth).map { document in
            passages[document.passage].map {
                Document.embeddedText(title: $0.title, text: $0.text)
            } ?? ""
        }
        let scores = TokenMatching(query: query.text, documents: texts, vectors: vectors).scores()
        for (index, part) in Fusion.tokenParts(of: scores, weight: weight).enumerated() {
            documents[index].parts?.tokens = part
            documents[index].score += part
        }
        documents.sort(by: RankedDocument.precedes)
        return passages
    }

    /// Re-ranks the first documents.
    ///
    /// The documents after them keep their order, each scored one below its predecessor: smaller
    /// steps would be lost in the 32-bit floats of a run file.
    private func rerank(
        _ documents: inout [RankedDocument], by reranker: Reranker, clock: inout PhaseClock
    ) async throws {
        let began = ContinuousClock.now
        let depth = min(query.rerankDepth ?? 0, documents.count)
        guard depth > 0 else { return }
        var head = Array(documents[..<depth])
        let passages = try self.passages(of: head)
        let texts = head.map { document in
            passages[document.passage].map {
                Document.embeddedText(title: $0.title, text: $0.text)
            } ?? ""
        }
        let values = try await reranker.logProbabilities(of: texts, and: query.text)
        let scores = reranker.scores(first: head.map(\.score), logProbabilities: values)
        for index in head.indices {
            head[index].score = scores[index]
            head[index].logProbability = values[index]
        }
        head.sort(by: RankedDocument.precedes)
        var rest = Array(documents[depth...])
        if let lowest = head.last?.score {
            for index in rest.indices { rest[index].score = lowest - Double(index + 1) }
        }
        documents = head + rest
        clock.note("rerank", ContinuousClock.now - began)
    }

    private func passages(
        of documents: some Sequence<RankedDocument>
    ) throws -> [Int64: PassageRecord] {
        let found = try store.passages(forKeys: documents.map(\.passage), in: record)
        return Dictionary(found.map { ($0.key, $0) }) { first, _ in first }
    }

    /// Drops the documents below the minimum score.
    ///
    /// - Returns: the best score of those.
    private func dropLowScores(_ documents: inout [RankedDocument]) -> Double? {
        guard let minimum = query.minimumScore,
            let end = documents.firstIndex(where: { $0.score < minimum })
        else { return nil }
        defer { documents.removeSubrange(end...) }
        return documents[end].score
    }

    /// Reads the first documents, as many as hits are wanted.
    ///
    /// - Parameters:
    ///   - known: passages that have been read.
    ///   - mayLack: whether documents that have been deleted since they were found may be left out.
    /// - Returns: `nil` if some were deleted and none may be left out.
    private func fetch(
        _ documents: [RankedDocument], known: [Int64: PassageRecord], mayLack: Bool
    ) throws -> [Hit]? {
        var list = HitList(limit: query.limit, mergesDuplicates: mergesDuplicates)
        var next = 0
        while next < documents.count, list.wants(score: documents[next].score) {
            let batch = documents[next...].prefix(query.limit)
            next += batch.count
            let unknown = query.fetchesContent ? batch.filter { known[$0.passage] == nil } : []
            let passages =
                unknown.isEmpty
                ? known : try known.merging(self.passages(of: unknown)) { first, _ in first }
            for document in batch {
                var hit = Hit(
                    rank: 0, id: document.id, score: document.score, title: "", text: "",
                    metadata: [:], passage: 0, logProbability: document.logProbability,
                    parts: document.parts)
                if query.fetchesContent {
                    guard let passage = passages[document.passage] else {
                        if mayLack { continue }
                        return nil
                    }
                    hit.title = passage.title
                    hit.text = passage.text
                    hit.passage = passage.ordinal
                    hit.metadata = try collection.metadata(passage.metadata)
                }
                list.add(hit)
            }
        }
        return list.hits
    }
}
