import DefaultModel
import TestSupport
import Testing
import VectorDatabase

/// The examples of `GettingStarted.md` and of the README.
struct GettingStarted {
    @Test func fromDocumentsToHits() async throws {
        let scratch = TemporaryFolder()
        let path = scratch.file("notes.vdb")
        let folder = scratch.file("folder")
        try scratch.write("folder/salt.txt", "Salt keeps water from freezing.")

        let database = try Database(path: path, embedder: DefaultModel.embedder())
        let notes = database.collection()

        try await notes.ingest([
            Document(
                id: "tides", text: "The moon pulls the oceans into two bulges.", title: "Tides",
                metadata: ["year": 2024]),
            Document(
                id: "bread", text: "Yeast gives off the gas that raises dough.", title: "Bread"),
        ])

        let answer = try await notes.query("what makes dough rise?", limit: 3)
        for hit in answer.hits { print(hit.rank, hit.id, hit.score, hit.title) }
        #expect(answer.hits.first?.id == "bread")

        var query = Query("dough", limit: 3, mode: .lexical)
        query.fetchesContent = false
        let ids = try await notes.query(query).hits.map(\.id)
        #expect(ids == ["bread"])

        let documents = try DocumentReader([folder])
        let summary = try await notes.ingest(documents) { progress in
            print("\(progress.stored.documents) of \(progress.read)")
        }
        print(summary.inserted, "new,", summary.unchanged, "unchanged")
        #expect(summary.inserted == 1)

        try database.close()
    }

    /// The README's, which is only compiled: it writes to the current folder.
    func readme() async throws {
        let database = try Database(path: "notes.vdb", embedder: try DefaultModel.embedder())
        let notes = database.collection()

        try await notes.ingest([
            Document(id: "1", text: "The moon pulls the oceans into two bulges.", title: "Tides"),
            Document(id: "2", text: "Yeast gives off the gas that raises dough.", title: "Bread"),
        ])

        let answer = try await notes.query("what makes dough rise?", limit: 3)
        for hit in answer.hits { print(hit.rank, hit.id, hit.score, hit.title) }
        try database.close()
    }
}
