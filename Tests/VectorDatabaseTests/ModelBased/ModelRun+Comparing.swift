import PostgresTestSupport
import Testing
import VectorDatabase

/// The steps that change nothing: every answer is compared with the model's.
extension ModelRun {
    func compare(_ operation: Operation) async throws {
        switch operation {
        case .query(
            let text, let collection, let mode, let limit, let filter, let exact, let reader):
            var query = Query(
                SampleTexts.text(text, words: 3), limit: limit, mode: mode, isExact: exact)
            query.filter = try filter.map { try Filter(ScriptDocument.filters[$0]) }
            // A walk that keeps as many candidates as there are rows must miss none of them.
            if text % 2 == 0 { query.ef = 5000 }
            try await self.query(query, in: collection, isReader: reader)
        case .count(let number, let collection):
            let filter = try Filter(ScriptDocument.filters[number])
            let expected = model.collections[collection]
            guard expected.exists else { return }
            let count = try database.collection(expected.name).count(where: filter)
            let wanted = expected.matching(filter).count
            try require(count == wanted, "\(count) match '\(filter.expression)', not \(wanted)")
        case .compareAll:
            for collection in model.collections where collection.exists {
                for isReader in [false, true] {
                    try await contents(collection, in: handle(isReader: isReader))
                }
            }
        case .check:
            let report = try await database.check()
            try require(report.isSound, "\(report.findings)")
            for (name, recall) in report.sampledRecall {
                try require(
                    recall >= (store == .file ? 0.9 : 0.7),
                    "collection '\(name)' has recall \(recall)")
            }
        default: break
        }
    }

    private func contents(_ expected: ReferenceCollection, in database: Database) async throws {
        let collection = database.collection(expected.name)
        var found: [String: Document] = [:]
        var last = ""
        for try await document in collection.export() {
            try require(last < document.id, "\(document.id) is exported after \(last)")
            last = document.id
            found[document.id] = document
        }
        let missing = Set(expected.documents.keys).subtracting(found.keys)
        let stray = Set(found.keys).subtracting(expected.documents.keys)
        try require(missing.isEmpty && stray.isEmpty, "\(missing) missing, \(stray) stray")
        for (id, document) in expected.documents {
            let (stored, wanted) = (found[id], document.document)
            try require(
                stored?.title == wanted.title && stored?.text == wanted.text
                    && stored?.metadata == wanted.metadata,
                "\(String(describing: stored)) is not \(wanted)")
        }
        let statistics = try collection.statistics(includesBytes: false)
        let passages = expected.documents.values.reduce(0) { $0 + $1.passages.count }
        try require(
            statistics.documents == expected.documents.count && statistics.passages == passages,
            "\(statistics.documents) documents in \(statistics.passages) passages where "
                + "\(expected.documents.count) in \(passages) are")
        try require(
            statistics.indexedFields == expected.indexedFields.sorted(),
            "fields \(statistics.indexedFields) are indexed")
    }

    // MARK: Queries

    private func query(_ query: Query, in number: Int, isReader: Bool) async throws {
        let expected = model.collections[number]
        let collection = try handle(isReader: isReader).collection(expected.name)
        let answer: Answer
        do { answer = try await collection.query(query) } catch DatabaseError.collectionMissing {
            return try require(!expected.exists, "the collection is missing")
        }
        try require(expected.exists, "there is no such collection")
        try requireWellFormed(answer, expected)
        switch answer.mode {
        case .dense:
            let truth = expected.denseScores(query.text, query.filter)
            // Of pgvector's graph not every node can be reached.
            try compare(
                answer, truth, tolerance: 1e-4,
                mayMiss: !query.isExact && (query.ef == nil || store == .postgres))
        case .lexical:
            let truth = expected.lexicalScores(query.text, query.filter)
            try compare(answer, truth, tolerance: 1e-6, mayMiss: false)
        case .hybrid: try await compareFusion(answer, in: collection)
        }
    }

    private func requireWellFormed(_ answer: Answer, _ expected: ReferenceCollection) throws {
        let ids = answer.hits.map(\.id)
        try require(Set(ids).count == ids.count, "\(ids) has one twice")
        for (one, other) in zip(answer.hits, answer.hits.dropFirst()) {
            try require(
                one.score > other.score || one.score == other.score && one.id < other.id,
                "\(one.id) (\(one.score)) stands before \(other.id) (\(other.score))")
        }
        let matching = Set(expected.matching(answer.query.filter).map(\.document.id))
        for hit in answer.hits {
            guard let document = expected.documents[hit.id] else {
                throw Mismatch(description: "\(hit.id) is a hit and not there")
            }
            try require(matching.contains(hit.id), "\(hit.id) does not match the filter")
            try require(
                hit.title == document.document.title
                    && hit.metadata == document.document.metadata
                    && document.passages.indices.contains(hit.passage)
                    && document.passages[hit.passage] == hit.text,
                "\(hit) is not \(document.document)")
        }
    }

    /// Scores must be exact; a walk through the graph may miss some of the best hits.
    private func compare(
        _ answer: Answer, _ truth: [String: Double], tolerance: Double, mayMiss: Bool
    ) throws {
        let count = min(answer.query.limit, truth.count)
        try require(answer.hits.count == count, "\(answer.hits.count) hits of \(count)")
        for hit in answer.hits {
            let score = truth[hit.id] ?? .nan
            try require(
                abs(hit.score - score) <= tolerance, "\(hit.id) scores \(hit.score), not \(score)")
        }
        let best = truth.values.sorted(by: >).prefix(count)
        guard let worst = best.last else { return }
        let found = answer.hits.count { $0.score >= worst - tolerance }
        try require(
            mayMiss ? found * 10 >= count * 8 : found == count,
            "\(found) of the best \(count) were found")
    }

    /// Hybrid answers are the fusion of the other two, which are compared separately.
    private func compareFusion(_ answer: Answer, in collection: DocumentCollection) async throws {
        var query = answer.query
        query.limit = Fusion.depth(limit: query.limit)
        var scores: [String: Double] = [:]
        for (mode, weight) in [
            (QueryMode.dense, 0.4), (.lexical, 1.0),
        ] {
            query.mode = mode
            let hits = try await collection.query(query).hits
            guard let best = hits.first?.score, let worst = hits.last?.score else { continue }
            for hit in hits {
                let part =
                    best > 0
                    ? max(0, hit.score / best)
                    : best > worst ? (hit.score - worst) / (best - worst) : 1
                scores[hit.id, default: 0] += weight * part
            }
        }
        let best = scores.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            .prefix(answer.query.limit)
        try require(
            answer.hits.map(\.id) == best.map(\.key)
                && zip(answer.hits, best).allSatisfy { abs($0.score - $1.value) < 1e-9 },
            "\(answer.hits.map(\.id)) is not the fusion \(best.map(\.key))")
    }
}
