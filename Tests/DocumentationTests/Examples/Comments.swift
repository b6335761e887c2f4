import AutoRegEmbed
import DefaultModel
import Encoder
import Evaluation
import Foundation
import TestSupport
import Testing
import Training
import Tuning
import VectorDatabase

/// Written for version 0.1, where a text's vector was called `Embedding`. It still compiles.
@available(*, deprecated)
struct OlderLetters: Embedder {
    let identity = EmbedderIdentity(name: "letters", fingerprint: "1", dimensions: 1)
    func embedDocuments(_ texts: [String]) async throws -> [Embedding] {
        texts.map { Embedding(vector: [Float($0.utf8.count)]) }
    }
    func embedQueries(_ texts: [String]) async throws -> [Embedding] {
        try await embedDocuments(texts)
    }
}

/// The examples of documentation comments. Those that need a model or files are only compiled.
struct Comments {
    @Test func databaseAndDocuments() async throws {
        let scratch = TemporaryFolder()
        let database = try Database(path: scratch.file("notes.vdb"), embedder: Letters())
        let notes = database.collection()
        let note = Document(
            id: "apples-1", text: "Bramleys keep until spring if they do not touch each other.",
            title: "Storing apples", metadata: ["year": 2024, "draft": false])
        try await notes.ingest([note, Document(id: "1", text: "Plums do not keep.")])

        let answer = try await notes.query("how long do apples keep", limit: 3)
        #expect(answer.hits.first?.id == "apples-1")
        try await query(notes)
        try await export(notes)

        try notes.setSearchSettings(SearchSettings(k1: 0.8, b: 0.4, denseWeight: 0.7))
        #expect(try notes.searchSettings?.denseWeight == 0.7)

        #expect(try notes.document("apples-1") == note)
        try await notes.delete(["1"])
        #expect(try notes.count() == 1)

        try await database.createCollection("images", metric: .cosine, dimensions: 512)
        #expect(try database.collectionNames() == ["default", "images"])
        try await database.dropCollection("images")
        #expect(try database.collectionNames() == ["default"])
        try database.close()
    }

    private func encoder() throws {
        let encoder = try EncoderEmbedder(folder: URL(fileURLWithPath: "models/all-MiniLM-L6-v2"))
        let encoded = try encoder.encode(["a wing moves air down"], instruction: .self_)
        #expect(encoded[0].vector.count == 384)
    }

    private func query(_ notes: DocumentCollection) async throws {
        var query = Query("how long do apples keep", limit: 5)
        query.filter = try Filter("year >= 2020 AND NOT draft")
        let answer = try await notes.query(query)
        #expect(answer.hits.map(\.id) == ["apples-1"])
        let filter = try Filter("lang = 'en' AND year >= 2020 AND tag IN ('a', 'b') AND NOT draft")
        #expect(try await notes.query(Query("apples", filter: filter)).hits.isEmpty)
    }

    private func export(_ notes: DocumentCollection) async throws {
        for try await document in notes.export() { print(document.id) }
        var count = 0
        for try await document in notes.export(includesVectors: true) {
            #expect(document.vector?.count == 26)
            count += 1
        }
        #expect(count == 2)
    }

    @Test func aStreamOfDocumentsWithProgress() async throws {
        let scratch = TemporaryFolder()
        let database = try Database(path: scratch.file("notes.vdb"), embedder: Letters())
        let notes = database.collection()
        let documents = AsyncStream<Document> { continuation in
            for number in 1...100 {
                continuation.yield(Document(id: "\(number)", text: "Note number \(number)"))
            }
            continuation.finish()
        }
        var options = IngestOptions()
        options.acknowledged = { count in print("\(count) documents are safe") }
        let summary = try await notes.ingest(documents, options: options)
        #expect(summary.inserted == 100)
        try database.close()
    }

    @Test func metadataLiterals() {
        let metadata: JSONObject = ["lang": "en", "year": 2024, "tags": ["a", "b"]]
        #expect(
            JSONValue.object(metadata).jsonText == #"{"lang":"en","tags":["a","b"],"year":2024}"#)
    }

    @Test func membersOfAnObject() {
        var metadata: JSONObject = ["lang": "en"]
        metadata["year"] = 2024
        for (key, value) in metadata { print(key, value) }
        #expect(metadata.keys == ["lang", "year"])
    }

    func firstDatabase() async throws {
        let database = try Database(path: "notes.vdb", embedder: Letters())
        let notes = database.collection()
        try await notes.ingest([Document(id: "1", text: "Bramleys keep until spring.")])
        let answer = try await notes.query("storing apples", limit: 5)
        for hit in answer.hits { print(hit.rank, hit.id, hit.text) }
        try database.close()
    }

    func builtInModel() throws {
        let database = try Database(path: "notes.vdb", embedder: DefaultModel.embedder())
        try database.close()
    }

    func recordedModels() throws {
        var options = DatabaseOptions()
        options.findEmbedder = RecordedModelFinder().find
        let database = try Database(path: "notes.vdb", options: options)
        try database.close()
    }

    func recordedModelsAndBuiltIn() {
        var options = DatabaseOptions()
        options.findEmbedder = DefaultModel.finder.find
        print(options)
    }

    func reader(_ notes: DocumentCollection) async throws {
        let documents = try DocumentReader(["notes", "corpus.jsonl.gz"])
        let summary = try await notes.ingest(documents)
        print(summary)
    }

    func chunking() {
        var options = IngestOptions()
        options.chunking = Chunking(maximumTokens: 128, overlapTokens: 16, cutsRecords: true)
        print(options)
    }

    func embedder() throws {
        let embedder = try AutoRegEmbedder(folder: URL(fileURLWithPath: "models/mine"))
        let query = try embedder.encode(["what makes lift?"], instruction: .next)[0]
        let passage = try embedder.encode(["A wing moves air down."], instruction: .self_)[0]
        let score = zip(query.vector, passage.vector).reduce(0) { $0 + $1.0 * $1.1 }
        print(score)
    }

    func trainer() throws {
        var options = TrainingOptions(
            stage: .compress, model: "base", data: "rows.jsonl", output: "compressed", threads: 2)
        options.learningRate = 1e-4
        let summary = try Trainer.run(options, progress: { print($0) })
        print(summary)
    }

    func evaluation(_ options: TrainingOptions) throws {
        let summary = try Trainer.run(
            options, evaluation: RetrievalEvaluation.onFolder("scifact"), progress: { print($0) })
        print(summary)
    }

    func tuneOptions() {
        var options = TuneOptions(output: "models/tuned", threads: 2)
        options.heldOutQueries = 100
        print(options)
    }

    func tuner(
        _ database: Database, _ queries: [(id: String, text: String)], _ judgments: Judgments
    ) async throws {
        let tuner = Tuner(
            collection: database.collection(), queries: queries, judgments: judgments,
            options: TuneOptions(output: "models/tuned", threads: 2))
        let report = try await tuner.run()
        print(report.before, report.after, report.isReplaced)
    }

    func miner(
        _ database: Database, _ queries: [(id: String, text: String)], _ judgments: Judgments
    ) async throws {
        let miner = Miner(collection: database.collection(), options: MiningOptions())
        for row in try await miner.mine(queries, judgments: judgments) { print(row.json) }
    }

    func highlighter(_ hit: Hit) {
        let highlighter = Highlighter(query: "storing apples")
        for range in highlighter.matches(in: hit.text) { print(hit.text[range]) }
    }
}
