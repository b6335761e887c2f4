import Foundation
import TestSupport
import Testing
import VectorDatabase

/// Compares a database with its expected content: reading, filters, and vector search against brute
/// force; word search against recorded answers.
struct Expectation {
    let database: Database
    /// Documents have changed since filters and words were recorded.
    var isChanged = false

    func holds(
        for expected: ExpectedDatabase, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let names = expected.collections.map(\.name).sorted()
        #expect(
            try database.collectionNames().sorted() == names, sourceLocation: sourceLocation)
        for collection in expected.collections {
            try await documents(of: collection, sourceLocation)
            try await filters(of: collection, sourceLocation)
            try await words(of: collection, sourceLocation)
            if collection.dimensions > 0 { try await vectors(of: collection, sourceLocation) }
        }
    }

    private func documents(
        of expected: ExpectedDatabase.Collection, _ location: SourceLocation
    ) async throws {
        let collection = database.collection(expected.name)
        let statistics = try collection.statistics()
        #expect(statistics.documents == expected.documents.count, sourceLocation: location)
        #expect(statistics.dimensions == expected.dimensions, sourceLocation: location)
        #expect(statistics.metric.rawValue == expected.metric, sourceLocation: location)
        #expect(statistics.indexedFields == expected.indexedFields, sourceLocation: location)
        var found: [String: Document] = [:]
        for try await document in collection.export(includesVectors: expected.seed == nil) {
            #expect(
                found.updateValue(document, forKey: document.id) == nil, sourceLocation: location)
        }
        #expect(found.count == expected.documents.count, sourceLocation: location)
        for document in expected.documents {
            guard let stored = found[document.id] else {
                Issue.record(
                    "\(expected.name): '\(document.id)' is missing", sourceLocation: location)
                continue
            }
            let isEqual =
                stored.title == document.title && stored.text == document.text
                && JSONValue.object(stored.metadata).jsonText == document.metadata
                && stored.vector == document.vector
            #expect(
                isEqual, "\(expected.name): \(stored) is not \(document)",
                sourceLocation: location)
        }
        for id in expected.deleted {
            #expect(try collection.document(id) == nil, sourceLocation: location)
        }
    }

    private func filters(
        of expected: ExpectedDatabase.Collection, _ location: SourceLocation
    ) async throws {
        guard !isChanged else { return }
        let collection = database.collection(expected.name)
        for filter in expected.filters {
            #expect(
                try collection.count(where: Filter(filter.expression)) == filter.ids.count,
                "\(filter.expression)", sourceLocation: location)
            guard expected.seed != nil else { continue }
            let answer = try await collection.query(
                "apple", limit: expected.documents.count, mode: .dense,
                filter: Filter(filter.expression))
            #expect(
                answer.hits.map(\.id).sorted() == filter.ids, "\(filter.expression)",
                sourceLocation: location)
        }
    }

    private func words(
        of expected: ExpectedDatabase.Collection, _ location: SourceLocation
    ) async throws {
        let collection = database.collection(expected.name)
        if isChanged {
            let zebras = expected.documents.filter { $0.text.contains("zebra") }.map(\.id).sorted()
            let answer = try await collection.query("zebras", limit: 1000, mode: .lexical)
            #expect(answer.hits.map(\.id).sorted() == zebras, sourceLocation: location)
            return
        }
        for query in expected.lexical {
            let answer = try await collection.query(query.query, limit: 10, mode: .lexical)
            #expect(answer.hits.map(\.id) == query.hits, sourceLocation: location)
            for (hit, score) in zip(answer.hits, query.scores) {
                #expect(abs(hit.score - score) < 1e-6, sourceLocation: location)
            }
        }
    }

    private func vectors(
        of expected: ExpectedDatabase.Collection, _ location: SourceLocation
    ) async throws {
        let collection = database.collection(expected.name)
        let metric = try #require(Metric(rawValue: expected.metric))
        func vector(_ text: String) -> [Float] {
            HashEmbedding.vector(
                of: text, dimensions: expected.dimensions, seed: expected.seed ?? 0)
        }
        let rows = expected.documents.flatMap { document in
            document.passages.map { passage in
                let text = Document.embeddedText(title: document.title, text: passage)
                return (document.id, document.vector ?? vector(text))
            }
        }
        let limit = min(10, expected.documents.count)
        var (found, wanted) = (0, 0)
        for number in 0..<8 {
            var query = Query(vector: vector(SampleTexts.text(60_000 + number)), limit: limit)
            let best = Dictionary(
                grouping: QueryTests.bruteForce(rows, query.vector ?? [], metric: metric),
                by: \.id
            ).compactMap { $0.value.first?.score }.sorted(by: >).prefix(limit)
            query.isExact = true
            let exact = try await collection.query(query)
            let scores = exact.hits.map(\.score)
            #expect(
                scores.count == limit && zip(scores, best).allSatisfy { abs($0 - $1) < 1e-4 },
                "\(expected.name): \(scores) are not \(best)", sourceLocation: location)
            query.isExact = false
            let walked = try await collection.query(query)
            wanted += limit
            found += Set(walked.hits.map(\.id)).intersection(exact.hits.map(\.id)).count
        }
        #expect(found * 100 >= wanted * 95, "\(found) of \(wanted)", sourceLocation: location)
    }
}
