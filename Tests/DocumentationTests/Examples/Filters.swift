import TestSupport
import Testing
import VectorDatabase

/// The examples of `Filters.md`.
struct Filters {
    @Test func filters() async throws {
        let scratch = TemporaryFolder()
        let database = try Database(path: scratch.file("notes.vdb"), embedder: Letters())
        let notes = database.collection()

        let documents = [
            Document(
                id: "1", text: "Bramleys keep until spring.",
                metadata: ["lang": "en", "year": 2021, "tags": ["fruit", "winter"]]),
            Document(
                id: "2", text: "Plums do not keep.",
                metadata: ["lang": "en", "year": 2015, "draft": true]),
        ]
        try await notes.ingest(documents)

        let filter = try Filter("lang = 'en' AND tags IN ('fruit', 'nuts') AND year >= 2020")

        let name = "O'Brien".replacing("'", with: "''")
        let byAuthor = try Filter("author.name = '\(name)'")
        #expect(try await notes.query(Query("apples", filter: byAuthor)).hits.isEmpty)

        var query = Query("how long do apples keep", limit: 5)
        query.filter = filter
        let answer = try await notes.query(query)
        #expect(answer.hits.map(\.id) == ["1"])
        #expect(answer.explanation.matchingPassages == 1)

        try await notes.indexField("year")
        #expect(try await notes.query(query).hits.map(\.id) == ["1"])

        let count = try await notes.delete(where: Filter("year < 2020"))
        #expect(count == 1)
        try database.close()
    }
}
