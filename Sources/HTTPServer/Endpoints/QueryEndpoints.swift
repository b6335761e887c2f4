import Hummingbird
import JSON
import VectorDatabase

/// Searching and counting.
struct QueryEndpoints {
    let services: Services

    private static let collection = "/v1/collections/{collection}"

    var routes: [Route] {
        [
            Route(.post, Self.collection + "/query", .read, query),
            Route(.post, Self.collection + "/queries", .read, queries),
            Route(.post, Self.collection + "/count", .read, count),
        ]
    }

    /// What hits are ranked again by.
    private enum RerankMeasure: String, CaseIterable {
        /// log p(question | passage) of the server's language model.
        case question
        /// log p(document | query) of the model that encodes.
        case document
    }

    /// One query of a request.
    private struct Question: Sendable {
        var query: Query
        var id: String?
        var explains = false
        /// What was asked for; `nil` leaves it to the server.
        var measure: RerankMeasure?
        /// Seconds; `nil` for the server's.
        var timeout: Double?

        init(_ fields: inout Fields) throws {
            let text = try fields.string("query")
            let vector = try fields.vector("vector")
            guard text != nil || vector != nil else {
                throw RequestFailure.missingMember(name: "query")
            }
            query = Query(text ?? "", limit: try fields.integer("k", in: Limits.hits) ?? 10)
            query.vector = vector
            query.mode = try fields.choice("mode", QueryMode.self)
            if text == nil, query.mode == nil { query.mode = .dense }
            query.ef = try fields.integer("ef", in: 1...1_000_000)
            query.isExact = try fields.boolean("exact") ?? false
            query.filter = try fields.string("where").map { try Filter($0) }
            query.rerankDepth = try fields.integer("rerank", in: Limits.hits)
            measure = try fields.choice("rerank_by", RerankMeasure.self)
            if measure != nil, query.rerankDepth == nil {
                query.rerankDepth = Query.usualRerankDepth
            }
            query.fusion = Fusion(
                try fields.choice("fusion", Fusion.Method.self) ?? .scores,
                denseWeight: try fields.number("hybrid_weight", least: 0),
                tokenWeight: try fields.number("token_weight", least: 0))
            explains = try fields.boolean("explain") ?? false
            query.explains = explains
            query.minimumScore = try fields.number("min_score")
            query.fetchesContent = try fields.boolean("content") ?? true
            // As on the command line.
            let showsDuplicates = try fields.boolean("duplicates") ?? false
            query.mergesDuplicates = !showsDuplicates && query.fetchesContent
            id = try fields.string("query_id")
            timeout = try fields.integer("timeout_ms", in: 1...86_400_000).map {
                Double($0) / 1000
            }
            try fields.end()
        }

        /// The query with the model that reranks its hits: as on the command line, that of
        /// --rerank-model if there is one.
        ///
        /// - Throws: `noRerankModel`, `rerankerBusy`.
        func reranked(by model: RerankingQueue?) throws(RequestFailure) -> Query {
            guard query.rerankDepth != nil, measure != .document else { return query }
            guard let model else {
                if measure == .question { throw .noRerankModel }
                return query
            }
            try model.admit()
            var query = query
            query.questionScorer = model
            return query
        }

        func json(_ found: Found) -> JSONWriter {
            found.answer.json(
                id: id, explains: explains, details: found.details,
                includesContent: query.fetchesContent)
        }
    }

    /// An answer with the places of its hits.
    private struct Found: Sendable {
        let answer: Answer
        let details: HitDetails
    }

    private func query(_ call: Call) async throws -> Response {
        let collection = try services.collection(of: call)
        _ = try call.parameters()
        var fields = try await call.fields()
        let question = try Question(&fields)
        let answers = try await answer([question], in: collection)
        return .json(question.json(answers[0]))
    }

    private func queries(_ call: Call) async throws -> Response {
        let collection = try services.collection(of: call)
        _ = try call.parameters()
        var fields = try await call.fields()
        let given = try Fields.require(
            fields.array("queries", most: Limits.items), "queries")
        try fields.end()
        let questions = try given.map { value in
            guard let object = value.objectValue else {
                throw RequestFailure.wrongValue(name: "queries", expected: "an array of objects")
            }
            var fields = Fields(object)
            return try Question(&fields)
        }
        let answers = try await answer(questions, in: collection)
        var line = JSONWriter()
        line.set("answers", zip(questions, answers).map { $0.json($1) })
        return .json(line)
    }

    private func answer(
        _ questions: [Question], in collection: DocumentCollection
    ) async throws -> [Found] {
        let asked = questions.compactMap(\.timeout).min() ?? services.limits.timeout
        let queries = try questions.map { try $0.reranked(by: services.reranking) }
        if questions.contains(where: { $0.query.vector == nil && $0.query.mode != .lexical }) {
            try services.queue.admit()
        }
        let answers = try await withTimeout(seconds: min(asked, services.limits.timeout)) {
            try await collection.query(queries)
        }
        for answer in answers { services.metrics.answered(answer, collection: collection.name) }
        return try await services.reading {
            try answers.map { answer in
                let details =
                    answer.query.fetchesContent
                    ? try HitDetails(of: answer, in: collection) : HitDetails()
                return Found(answer: answer, details: details)
            }
        }
    }

    private func count(_ call: Call) async throws -> Response {
        let collection = try services.collection(of: call)
        _ = try call.parameters()
        var fields = try await call.fields()
        let filter = try fields.string("where").map { try Filter($0) }
        try fields.end()
        let count = try await services.reading { try collection.count(where: filter) }
        var line = JSONWriter()
        line.set("count", count)
        return .json(line)
    }
}
