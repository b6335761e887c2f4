import TestSupport
import Testing
import VectorDatabase

struct Letters: Embedder {
    let identity = EmbedderIdentity(name: "letters", fingerprint: "letters-1", dimensions: 26)

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

/// The examples of `BringYourOwnEmbedder.md`.
struct BringYourOwnEmbedder {
    private let documents = [
        Document(id: "1", text: "Bramleys keep until spring."),
        Document(id: "2", text: "Plums do not keep."),
    ]

    @Test func cosines() async throws {
        let scratch = TemporaryFolder()
        let path = scratch.file("notes.vdb")

        let database = try Database(path: path, embedder: Letters())
        let notes = database.collection("letters")
        var options = IngestOptions()
        options.metric = .cosine
        try await notes.ingest(documents, options: options)

        let answer = try await notes.query(Query("plums", limit: 1, mode: .dense))
        #expect(answer.hits.map(\.id) == ["2"])
        try database.close()
    }

    @Test func foundWhenNeeded() async throws {
        let scratch = TemporaryFolder()
        let path = scratch.file("notes.vdb")

        var options = DatabaseOptions()
        options.findEmbedder = { recorded in
            recorded?.fingerprint == "letters-1" || recorded == nil ? Letters() : nil
        }
        let database = try Database(path: path, options: options)

        let notes = database.collection()
        try await notes.ingest(documents)
        let answer = try await notes.query(Query("plums", limit: 1, mode: .dense))
        #expect(answer.hits.count == 1)
        try database.close()
    }

    @Test func readyMadeVectors() async throws {
        let scratch = TemporaryFolder()
        let path = scratch.file("notes.vdb")

        let database = try Database(path: path)
        let images = database.collection("images")
        var image = Document(id: "sunset.jpg", text: "")
        image.vector = [0.8, 0.1, 0.6]
        try await images.ingest([image])
        let answer = try await images.query(Query(vector: [1, 0, 1], limit: 1))

        #expect(answer.hits.map(\.id) == ["sunset.jpg"])
        try database.close()
    }
}
