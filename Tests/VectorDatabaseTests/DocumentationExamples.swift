import Testing
import VectorDatabase

/// The examples of the documentation comments and of the README, compiled and run.
struct DocumentationExamples {
    struct Letters: Embedder {
        let identity = EmbedderIdentity(
            name: "letters", fingerprint: "letters-1", dimensions: 26)

        func embedDocuments(_ texts: [String]) async throws -> [EncodedText] {
            texts.map { text in
                var counts = [Float](repeating: 0, count: 26)
                for byte in text.lowercased().utf8 where (97...122).contains(byte) {
                    counts[Int(byte) - 97] += 1
                }
                return EncodedText(vector: counts)
            }
        }

        func embedQueries(_ texts: [String]) async throws -> [EncodedText] {
            try await embedDocuments(texts)
        }
    }

    /// Written for version 0.1, where a text's vector had this name. It still compiles.
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

    @Test func fromDocumentsToHits() async throws {
        let folder = TemporaryFolder()
        let database = try Database(path: folder.file("notes.vdb"), embedder: Letters())
        let notes = database.collection()
        let note = Document(
            id: "apples-1", text: "Bramleys keep until spring if they do not touch each other.",
            title: "Storing apples", metadata: ["year": 2024, "draft": false])
        try await notes.ingest([note, Document(id: "1", text: "Plums do not keep.")])
        let answer = try await notes.query("storing apples", limit: 5)
        for hit in answer.hits { print(hit.rank, hit.id, hit.text) }
        #expect(answer.hits.first?.id == "apples-1")

        var query = Query("how long do apples keep", limit: 5)
        query.filter = try Filter("year >= 2020 AND NOT draft")
        #expect(try await notes.query(query).hits.map(\.id) == ["apples-1"])

        #expect(try notes.document("apples-1") == note)
        try await notes.delete(["1"])
        #expect(try notes.count() == 1)
        try database.close()
    }

    @Test func aStreamOfDocumentsWithProgress() async throws {
        let folder = TemporaryFolder()
        let database = try Database(path: folder.file("notes.vdb"), embedder: Letters())
        let notes = database.collection()
        let documents = AsyncStream<Document> { continuation in
            for number in 1...100 {
                continuation.yield(Document(id: "\(number)", text: SampleTexts.text(number)))
            }
            continuation.finish()
        }
        var options = IngestOptions()
        options.acknowledged = { count in print("\(count) documents are safe") }
        let summary = try await notes.ingest(documents, options: options) { progress in
            print("\(progress.stored.documents) of \(progress.read)")
        }
        #expect(summary.inserted == 100)
        var exported = 0
        for try await document in notes.export(includesVectors: true) {
            #expect(document.vector?.count == 26)
            exported += 1
        }
        #expect(exported == 100)
        try database.close()
    }

    @Test func metadataLiterals() {
        let metadata: [String: JSONValue] = ["lang": "en", "year": 2024, "tags": ["a", "b"]]
        #expect(
            JSONValue.object(metadata).jsonText == #"{"lang":"en","tags":["a","b"],"year":2024}"#)
    }
}
