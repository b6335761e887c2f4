import Foundation
import JSON
import ModelContext
import PostgresTestSupport
import TestSupport
import Testing
import VectorDatabase

/// Which collection is meant, what may be written, and files that come and go.
struct CollectionAndWritingTests {
    @Test(arguments: TestStore.available)
    func theCollectionThatIsMeant(_ store: TestStore) async throws {
        let fixture = try Fixture(store)
        #expect(
            try await fixture.failure("search", ["query": "x"]).contains("databaseMissing") == false
        )
        #expect(
            try await fixture.failure("search", ["query": "x"]).contains("there is no database"))
        _ = try await fixture.call("add", ["documents": [["text": "one"]], "collection": "only"])
        // The only one, as nothing else can be meant, also to add to.
        #expect(try await fixture.call("search", ["query": "one"]).ids("hits").count == 1)
        _ = try await fixture.call("add", ["documents": [["text": "two"]]])
        #expect(try fixture.source.database().collectionNames() == ["only"])
        _ = try await fixture.call(
            "add", ["documents": [["text": "three"]], "collection": "other"])
        for name in ["search", "get", "delete", "add"] {
            let arguments: [String: JSONObject] = [
                "search": ["query": "x"], "get": ["ids": ["x"]], "delete": ["ids": ["x"]],
                "add": ["documents": [["text": "x"]]],
            ]
            #expect(
                try await fixture.failure(name, arguments[name] ?? [:])
                    .contains("existing: [\"only\", \"other\"]"), "\(name)")
        }
        // The default one is meant once it exists.
        _ = try await fixture.call("add", ["documents": [["text": "4"]], "collection": "default"])
        #expect(try await fixture.call("search", ["query": "4"]).ids("hits").count == 1)
        let stats = try await fixture.call("stats")["collections"]?.arrayValue ?? []
        #expect(stats.map { $0["collection"] } == ["default", "only", "other"])
        #expect(stats.map { $0["documents"] } == [1, 2, 1])
        let one = try await fixture.call("stats", ["collection": "only"])["collections"]
        #expect(one?.arrayValue?.map { $0["collection"] } == ["only"])
        #expect(
            try await fixture.failure("stats", ["collection": "no"]).contains("collectionMissing"))
    }

    @Test(arguments: TestStore.available)
    func oneCollectionIsServed(_ store: TestStore) async throws {
        let all = try Fixture(store)
        try await all.ingest([Document(id: "a", text: "apple", metadata: ["secret": 1])])
        try await all.ingest([Document(id: "b", text: "apple")], into: "mine")
        let fixture = try Fixture(store, servedCollection: "mine", in: all)
        #expect(try await fixture.call("search", ["query": "apple"]).ids("hits") == ["b"])
        #expect(try await fixture.call("get", ["ids": ["a", "b"]])["missing"] == ["a"])
        #expect(try await fixture.call("delete", ["ids": ["a"]]) == ["deleted": 0])
        let stats = try await fixture.call("stats")["collections"]?.arrayValue ?? []
        #expect(stats.map { $0["collection"] } == ["mine"])
        #expect(!(await fixture.tools.instructions()).contains("secret"))
        let calls: [(String, JSONObject)] = [
            ("search", ["query": "x"]), ("get", ["ids": ["a"]]), ("delete", ["ids": ["a"]]),
            ("add", ["documents": [["text": "x"]]]), ("stats", [:]),
        ]
        for (name, arguments) in calls {
            var arguments = arguments
            arguments["collection"] = "default"
            #expect(
                try await fixture.failure(name, arguments).contains("collectionNotServed"),
                "\(name)")
        }
        #expect(try all.source.database().collection().count() == 1)
    }

    @Test(arguments: TestStore.available)
    func onlyReading(_ store: TestStore) async throws {
        let writer = try Fixture(store)
        try await writer.ingest([Document(id: "a", text: "apple")])
        let reader = try Fixture(store, isReadOnly: true, in: writer)
        #expect(reader.tools.tools.map(\.name) == ["search", "get", "stats"])
        #expect(try await reader.call("search", ["query": "apple"]).ids("hits") == ["a"])
        #expect(
            try await reader.failure("add", ["documents": [["text": "x"]]]).contains("readOnly"))
        #expect(try await reader.failure("delete", ["ids": ["a"]]).contains("readOnly"))
        #expect(try await reader.tools.call("frobnicate", arguments: [:]) == nil)
        #expect(try writer.source.database().collection().count() == 1)
        let nothing = try Fixture(store, isReadOnly: true)
        _ = try await nothing.failure("search", ["query": "x"])
        #expect(throws: DatabaseError.self) { try nothing.source.database() }
        #expect(!FileManager.default.fileExists(atPath: nothing.location))
    }

    @Test(arguments: TestStore.available)
    func conflicts(_ store: TestStore) async throws {
        let fixture = try Fixture(store)
        let old: JSONValue = ["id": "a", "text": "old", "metadata": ["year": 1]]
        let first = try await fixture.call("add", ["documents": [old]])
        #expect(first["inserted"] == 1 && first["ids"] == ["a"])
        #expect(try await fixture.call("add", ["documents": [old]])["unchanged"] == 1)
        let new: JSONValue = ["id": "a", "text": "new"]
        let others: [JSONValue] = [["id": "0", "text": "x"], new, ["id": "z", "text": "y"]]
        let sentence = try await fixture.failure("add", ["documents": .array(others)])
        #expect(sentence.contains("partlyAdded(count: 1") && sentence.contains("exists already"))
        let skipped = try await fixture.call(
            "add", ["documents": .array(others), "on_conflict": "skip"])
        #expect(skipped["skipped"] == 1 && skipped["inserted"] == 1 && skipped["unchanged"] == 1)
        #expect(try fixture.source.database().collection().document("a")?.text == "old")
        _ = try await fixture.call("add", ["documents": [new], "on_conflict": "replace"])
        #expect(try fixture.source.database().collection().document("a")?.text == "new")
    }

    @Test(arguments: TestStore.available)
    func idsMadeFromTheContent(_ store: TestStore) async throws {
        let fixture = try Fixture(store)
        let documents: JSONValue = [
            ["text": "a"], ["text": "a", "title": "t"], ["text": "a", "metadata": ["x": 1]],
            ["text": "at"],
        ]
        let first = try await fixture.call("add", ["documents": documents])
        #expect(first["inserted"] == 4)
        let again = try await fixture.call("add", ["documents": documents])
        #expect(again["unchanged"] == 4 && again["ids"] == first["ids"])
    }

    /// A long document is found by its best passage, and read back whole.
    @Test(arguments: TestStore.available)
    func longDocumentsAreCut(_ store: TestStore) async throws {
        let fixture = try Fixture(store)
        let text = (0..<400).map { "Sentence number \($0) is about topic\($0)." }.joined(
            separator: " ")
        _ = try await fixture.call("add", ["documents": [["id": "long", "text": .string(text)]]])
        let statistics = try fixture.source.database().collection().statistics()
        #expect(statistics.documents == 1 && statistics.passages > 4)
        let hits = try await fixture.call("search", ["query": "topic321", "mode": "lexical"])
        #expect(hits.ids("hits") == ["long"])
        #expect(
            hits["hits"]?.arrayValue?.first?["text"]?.stringValue?.contains("topic321") == true)
        let got = try await fixture.call("get", ["ids": ["long"]])
        #expect(got["documents"]?.arrayValue?.first?["text"] == .string(text))
    }

    /// The file is replaced by another database, and removed, while the tools are in use.
    @Test func anotherFileAtThePath() async throws {
        let fixture = try Fixture()
        try await fixture.ingest([Document(id: "old", text: "apple")])
        #expect(try await fixture.call("search", ["query": "apple"]).ids("hits") == ["old"])
        let other = try Fixture()
        try await other.ingest([Document(id: "new", text: "apple")])
        try other.source.close()
        let manager = FileManager.default
        for file in try manager.contentsOfDirectory(atPath: fixture.folder.path) {
            try manager.removeItem(atPath: fixture.folder.file(file))
        }
        _ = try await fixture.failure("search", ["query": "apple"])
        for file in try manager.contentsOfDirectory(atPath: other.folder.path) {
            try manager.moveItem(atPath: other.folder.file(file), toPath: fixture.folder.file(file))
        }
        #expect(try await fixture.call("search", ["query": "apple"]).ids("hits") == ["new"])
    }

    @Test(arguments: TestStore.available)
    func wrongArguments(_ store: TestStore) async throws {
        let fixture = try Fixture(store)
        try await fixture.ingest([Document(id: "a", text: "apple")])
        let calls: [(String, JSONObject, String)] = [
            ("search", [:], "missing"), ("search", ["query": ""], "query"),
            ("search", ["query": "x", "k": 0], "integer"),
            ("search", ["query": "x", "where": "a = "], "filter"),
            ("search", ["query": "x", "where": "day > DATE 'soon'"], "column 12"),
            ("search", ["query": "x", "where": "day CONTAINS 5"], "column 14"),
            ("search", ["query": "x", "mode": "fuzzy"], "lexical"),
            ("search", ["query": "x", "path": "/etc/passwd"], "unknown"),
            ("get", ["ids": []], "ids"), ("get", ["ids": "a"], "array"),
            ("add", ["documents": [["text": "x", "vector": [1]]]], "vector"),
            ("add", ["documents": [["text": "a\0b"]]], "NUL"),
            ("add", ["documents": [["id": "", "text": "x"]]], "id"),
            ("delete", ["where": "TRUE"], "where"),
        ]
        for (name, arguments, part) in calls {
            let sentence = try await fixture.failure(name, arguments)
            #expect(sentence.contains(part), "\(name) \(arguments): \(sentence)")
        }
        let blank = try await fixture.call("search", ["query": "apple", "where": " ", "k": .null])
        #expect(blank.ids("hits") == ["a"])
        #expect(try fixture.source.database().collection().count() == 1)
    }
}
