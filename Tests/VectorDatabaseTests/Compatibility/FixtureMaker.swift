import Foundation
import TestSupport
import Testing
import VectorDatabase

/// Creates `Tests/TestSupport/Fixtures/databases/NAME` with the current version. Run it once before
/// the format changes, and never again for the same name:
///
///     VDB_MAKE_FIXTURE=…/Tests/TestSupport/Fixtures/databases/format-1 \
///         swift test --filter DatabaseFixtureMaker
///
/// `zstd` compresses the files. The expected content is what was put in, kept in a dictionary; only
/// passages (the places where chunking cut) and the answers of lexical search are recorded from the
/// database.
struct DatabaseFixtureMaker {
    static let destination = ProcessInfo.processInfo.environment["VDB_MAKE_FIXTURE"]

    static let dimensions = 16

    @Test(.enabled(if: destination != nil, "VDB_MAKE_FIXTURE is not set"))
    func make() async throws {
        let destination = try #require(Self.destination)
        let folder = TemporaryFolder()
        let path = folder.file(DatabaseFixture.database)
        let database = try CompatibilityTests.open(path)
        var expected = ExpectedDatabase()
        expected.collections = [
            try await Self.records(database), try await Self.chunks(database),
            try await Self.readyMade(database), try await Self.wordsOnly(database),
        ]
        #expect(try await database.check().findings.isEmpty)
        for index in expected.collections.indices {
            try await Self.complete(&expected.collections[index], from: database)
        }
        try database.close()
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try encoder.encode(expected).write(
            to: URL(fileURLWithPath: folder.file("expected.json")))
        try FileManager.default.createDirectory(
            atPath: destination, withIntermediateDirectories: true)
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path)
        where !name.hasSuffix("-lock") {
            let zstd = try Process.run(
                URL(fileURLWithPath: "/usr/bin/env"),
                arguments: [
                    "zstd", "-19", "-q", "-f", folder.file(name), "-o",
                    "\(destination)/\(name).zst",
                ])
            zstd.waitUntilExit()
            #expect(zstd.terminationStatus == 0)
        }
    }

    // MARK: Collections

    static let languages = ["en", "de", "fr"]

    private static func document(_ number: Int, words: Int = 12) -> Document {
        var metadata: JSONObject = [
            "year": .integer(Int64(2000 + number % 25)), "lang": .string(languages[number % 3]),
            "tags": .array((0..<number % 4).map { .string("t\($0)") }),
        ]
        if number % 5 == 0 { metadata["draft"] = .bool(number % 2 == 0) }
        if number % 7 == 0 { metadata["weight"] = .number(Double(number) / 4) }
        if number % 11 == 0 { metadata["größe \"x\""] = .object(["a": .null, "b": [1, "ß"]]) }
        return Document(
            id: "d\(number)", text: SampleTexts.text(number, words: words),
            title: number % 3 == 0 ? "" : "Nr. \(number) – Ünïcödé 🍏", metadata: metadata)
    }

    /// Inner product, int8 graph with a tail; replaced, deleted, changed in metadata alone.
    private static func records(_ database: Database) async throws -> ExpectedDatabase.Collection {
        let collection = database.collection()
        var documents = (0..<100).map { document($0) }
        try await collection.ingest(documents)
        try await collection.indexField("year")
        try await collection.indexField("tags")
        for number in 20..<30 { documents[number].text = SampleTexts.text(5000 + number) }
        for number in 30..<35 { documents[number].metadata = ["year": 1999] }
        documents += (100..<120).map { document($0) }
        try await collection.ingest(documents)
        let gone = (50..<60).map { "d\($0)" }
        try await collection.delete(gone)
        try await collection.delete(where: Filter("year = 2011 AND lang = 'en'"))
        documents.removeAll {
            gone.contains($0.id)
                || $0.metadata["year"] == 2011 && $0.metadata["lang"] == .string("en")
        }
        var expected = ExpectedDatabase.Collection(
            name: "default", metric: "ip", dimensions: dimensions, seed: 0)
        expected.indexedFields = ["tags", "year"]
        expected.deleted = gone
        expected.documents = documents.map(Self.expected)
        expected.filters = filters(documents)
        expected.lexical = lexicalQueries
        return expected
    }

    /// Cosine, float32 graph, long texts cut in three ways, an unfinished re-encoding.
    private static func chunks(_ database: Database) async throws -> ExpectedDatabase.Collection {
        let collection = database.collection("Notes & more-é")
        var options = IngestOptions()
        options.metric = .cosine
        options.index = IndexOptions(m: 8, efConstruction: 40, quantization: .none)
        var documents: [Document] = []
        for (batch, chunking) in [(8, 0), (24, 6), (10, 2)].enumerated() {
            options.chunking =
                chunking.1 == 0
                ? nil : Chunking(maximumTokens: chunking.0, overlapTokens: chunking.1)
            let part = (0..<12).map { number in
                var note = document(1000 + batch * 100 + number)
                note.text = (0...number % 5).map { paragraph in
                    "# Part \(paragraph)\n\n"
                        + SampleTexts.text(number * 10 + paragraph, words: 30) + ".\n"
                }.joined(separator: "\n")
                note.layout = batch == 1 ? .markdown : .plain
                note.source = Document.Source(path: "notes/\(batch).md", position: number + 1)
                return note
            }
            try await collection.ingest(part, options: options)
            documents += part
        }
        // Its first batch is encoded by a model that then fails.
        await #expect(throws: (any Error).self) {
            try await collection.reindex(with: FailingEmbedder(seed: 7))
        }
        var expected = ExpectedDatabase.Collection(
            name: collection.name, metric: "cosine", dimensions: dimensions, seed: 0)
        expected.documents = documents.map(Self.expected)
        expected.filters = filters(documents)
        expected.lexical = lexicalQueries
        expected.isReencoding = true
        return expected
    }

    /// Euclidean, ready-made vectors, too few for a graph.
    private static func readyMade(_ database: Database) async throws
        -> ExpectedDatabase.Collection
    {
        var options = DatabaseOptions()
        options.access = .readWrite
        let plain = try Database(path: database.path, options: options)
        let collection = plain.collection("vectors")
        var ingest = IngestOptions()
        ingest.metric = .euclidean
        let documents = (0..<20).map { number in
            var document = document(2000 + number, words: 5)
            document.vector = (0..<4).map { Float((number * 7 + $0 * 3) % 11) / 4 - 1 }
            return document
        }
        try await collection.ingest(documents, options: ingest)
        try plain.close()
        var expected = ExpectedDatabase.Collection(
            name: "vectors", metric: "l2", dimensions: 4, seed: nil)
        expected.documents = documents.map(Self.expected)
        expected.filters = filters(documents)
        return expected
    }

    private static func wordsOnly(_ database: Database) async throws
        -> ExpectedDatabase.Collection
    {
        let collection = database.collection("words")
        var options = IngestOptions()
        options.encodesText = false
        let documents = (0..<20).map { document(3000 + $0) }
        try await collection.ingest(documents, options: options)
        var expected = ExpectedDatabase.Collection(
            name: "words", metric: "ip", dimensions: 0, seed: nil)
        expected.documents = documents.map(Self.expected)
        expected.filters = filters(documents)
        expected.lexical = lexicalQueries
        return expected
    }

    // MARK: Expectations

    private static func expected(_ document: Document) -> ExpectedDatabase.Document {
        ExpectedDatabase.Document(
            id: document.id, title: document.title, text: document.text,
            metadata: JSONValue.object(document.metadata).jsonText, passages: [document.text],
            vector: document.vector)
    }

    /// Expressions and their meaning.
    private static func filters(_ documents: [Document]) -> [ExpectedDatabase.Filter] {
        func year(_ document: Document) -> Int64 {
            guard case .integer(let year)? = document.metadata["year"] else { return 0 }
            return year
        }
        func tags(_ document: Document) -> [JSONValue] {
            guard case .array(let tags)? = document.metadata["tags"] else { return [] }
            return tags
        }
        func isDraft(_ document: Document) -> Bool { document.metadata["draft"] == true }
        let meanings: [(String, (Document) -> Bool)] = [
            ("year >= 2015 AND NOT draft", { year($0) >= 2015 && !isDraft($0) }),
            ("tags IN ('t1', 't9') OR draft", { tags($0).contains("t1") || isDraft($0) }),
            ("weight IS NOT NULL", { $0.metadata["weight"] != nil }),
            ("lang LIKE 'E%'", { $0.metadata["lang"] == "en" }),
            ("\"größe \"\"x\"\"\" IS NULL", { $0.metadata["größe \"x\""] == nil }),
            ("year = 1999", { year($0) == 1999 }),
        ]
        return meanings.map { expression, holds in
            ExpectedDatabase.Filter(
                expression: expression, ids: documents.filter(holds).map(\.id).sorted())
        }
    }

    private static let lexicalQueries = ["apple pear", "ünïcödé crown", "part straw wasps"].map {
        ExpectedDatabase.Lexical(query: $0, hits: [], scores: [])
    }

    /// Adds what the database itself decides: where texts are cut, and BM25 scores.
    private static func complete(
        _ expected: inout ExpectedDatabase.Collection, from database: Database
    ) async throws {
        let collection = database.collection(expected.name)
        for index in expected.documents.indices {
            expected.documents[index].passages = try CompatibilityTests.passages(
                of: expected.documents[index].id, in: database, collection: expected.name)
        }
        for index in expected.lexical.indices {
            let answer = try await collection.query(
                expected.lexical[index].query, limit: 10, mode: .lexical)
            expected.lexical[index].hits = answer.hits.map(\.id)
            expected.lexical[index].scores = answer.hits.map(\.score)
        }
    }
}

/// Encodes a batch and then fails.
private final class FailingEmbedder: Embedder {
    let base: TestEmbedder
    var identity: EmbedderIdentity { base.identity }

    init(seed: UInt64) {
        base = TestEmbedder(dimensions: DatabaseFixtureMaker.dimensions, seed: seed)
    }

    struct Failure: Error {}

    func embedDocuments(_ texts: [String]) async throws -> [EncodedText] { throw Failure() }

    func embedQueries(_ texts: [String]) async throws -> [EncodedText] {
        try await base.embedQueries(texts)
    }
}
