import Foundation
import PostgresTestSupport
import TestSupport
import Testing

/// Documents, queries and collections over HTTP, compared with what the command line says, on both stores.
@Suite(.serialized) struct ServerDocumentTests {
    private let collection = "/v1/collections/default"

    @Test(arguments: TestStore.available)
    func queriesAreTheCommandLines(_ store: TestStore) async throws {
        let vdb = try Program(store)
        try vdb.ingestCorpus()
        let server = try RunningServer(vdb)
        let cases: [(body: String, arguments: [String])] = [
            (#"{"query":"bulges of the oceans"}"#, ["bulges of the oceans"]),
            (#"{"query":"gas","k":1,"mode":"lexical"}"#, ["gas", "-k", "1", "--mode", "lexical"]),
            (
                #"{"query":"gas","mode":"dense","where":"year > 2020","exact":true}"#,
                ["gas", "--mode", "dense", "--where", "year > 2020", "--exact"]
            ),
            (
                #"{"query":"gas","mode":"hybrid","hybrid_weight":2}"#,
                ["gas", "--mode", "hybrid", "--hybrid-weight", "2"]
            ),
            (
                #"{"query":"hot gas","mode":"hybrid","token_weight":0}"#,
                ["hot gas", "--mode", "hybrid", "--token-weight", "0"]
            ),
            (
                #"{"query":"hot gas","mode":"hybrid","token_weight":3.5,"hybrid_weight":0.2}"#,
                ["hot gas", "--mode", "hybrid", "--token-weight", "3.5", "--hybrid-weight", "0.2"]
            ),
            (
                #"{"query":"hot gas","mode":"hybrid","fusion":"ranks"}"#,
                ["hot gas", "--mode", "hybrid", "--fusion", "ranks"]
            ),
        ]
        for (body, arguments) in cases {
            let answer = try await server.request("POST", collection + "/query", body)
            let printed = try vdb.run(["query", "--format", "json"] + arguments)
            #expect(answer.status == 200)
            #expect(Self.untimed(answer.text) == Self.untimed(printed.output), "\(body)")
        }
        let both = try await server.request(
            "POST", collection + "/queries",
            #"{"queries":[{"query":"oceans","query_id":"a"},{"query":"dough","content":false}]}"#)
        let answers = both.object.list("answers")
        #expect(answers.map(\.hitIDs).compactMap(\.first) == ["tides", "bread"])
        #expect(answers.first?.string("query_id") == "a")
        #expect(answers.last?.list("hits").first?["text"] == nil)
    }

    /// Without the time, which differs.
    private static func untimed(_ json: String) -> String {
        json.replacing(/"took_ms":[0-9.e-]+/, with: "").trimmingCharacters(in: .newlines)
    }

    @Test(arguments: TestStore.available)
    func oneDocument(_ store: TestStore) async throws {
        let vdb = try Program(store)
        try vdb.ingestCorpus()
        let server = try RunningServer(vdb)
        // An id with a slash, a space, a percent sign and letters beyond ASCII.
        let path = collection + "/documents/a%2Fb%20c%25%C3%A9"
        let put = try await server.request(
            "PUT", path,
            #"{"title":"T","text":"words of ours","year":2024,"metadata":{"tag":["x"]}}"#)
        #expect(put.status == 201 && put.object.int("inserted") == 1)
        let again = try await server.request(
            "PUT", path,
            #"{"title":"T","text":"words of ours","year":2024,"metadata":{"tag":["x"]}}"#)
        #expect(again.status == 200 && again.object.int("unchanged") == 1)
        let got = try await server.request("GET", path)
        #expect(
            got.text
                == #"{"id":"a/b c%é","title":"T","text":"words of ours","metadata":{"tag":["x"],"year":2024}}"#
        )
        #expect(try vdb.run("get", "a/b c%é", "--format", "json").output == got.text + "\n")
        let tag = try #require(got.headers["etag"])
        #expect(
            try await server.request("GET", path, headers: ["If-None-Match": tag]).status == 304)
        let patched = try await server.request(
            "PATCH", path, #"{"metadata":{"year":null,"author":{"name":"N"}}}"#)
        #expect(
            patched.text == #"{"updated":1,"metadata":{"author":{"name":"N"},"tag":["x"]}}"#)
        #expect(try await server.request("GET", path).headers["etag"] != tag)
        let wrong = try await server.request("PUT", path, #"{"id":"other","text":"a"}"#)
        #expect(wrong.status == 400 && wrong.code == "value_wrong")
        #expect(try await server.request("DELETE", path).text == #"{"deleted":1}"#)
        #expect(try await server.request("DELETE", path).status == 404)
    }

    /// Small writes at once share commits; each is answered for itself, and the last of one id stays.
    @Test(arguments: TestStore.available)
    func manyDocumentsAtOnce(_ store: TestStore) async throws {
        let vdb = try Program(store)
        try vdb.ingestCorpus()
        let server = try RunningServer(vdb)
        let path = collection + "/documents/"
        let statuses = try await withThrowingTaskGroup(of: (Int, Int).self) { group in
            for number in 0..<40 {
                group.addTask {
                    // Every tenth cannot be stored: its vector is too short.
                    let body =
                        number % 10 == 0
                        ? #"{"text":"n","vector":[1]}"# : #"{"text":"number \#(number)"}"#
                    return (
                        number,
                        try await server.request("PUT", path + "n\(number)", body).status
                    )
                }
            }
            return try await group.reduce(into: [Int: Int]()) { $0[$1.0] = $1.1 }
        }
        for (number, status) in statuses {
            #expect(status == (number % 10 == 0 ? 409 : 201), "\(number)")
        }
        #expect(try vdb.run("count").output == "40\n")
        let connection = try RawConnection(port: server.port)
        for version in 1...5 {
            let body = #"{"text":"version \#(version)"}"#
            connection.send(
                "PUT \(path)same HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                    + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
        }
        for _ in 1...5 { #expect(connection.head().first?.contains(" 20") == true) }
        let last = try await server.request("GET", path + "same")
        #expect(last.object.string("text") == "version 5")
    }

    @Test(arguments: TestStore.available)
    func listing(_ store: TestStore) async throws {
        let vdb = try Program(store)
        try vdb.ingestCorpus()
        let server = try RunningServer(vdb)
        var ids: [String] = []
        var next: String? = ""
        while let after = next {
            let page = try await server.request(
                "GET", collection + "/documents?limit=3" + (after.isEmpty ? "" : "&after=\(after)"))
            ids += page.object.list("documents").compactMap { $0.string("id") }
            next = page.object.string("next")
        }
        #expect(ids == ["apples", "bread", "onions", "tides"])
        let some = try await server.request(
            "GET", collection + "/documents?limit=1&where=lang%20%3D%20'en'&after=bread")
        #expect(some.object.list("documents").compactMap { $0.string("id") } == ["onions"])
        #expect(some.object.string("next") == "onions")
        let got = try await server.request(
            "POST", collection + "/documents/get", #"{"ids":["tides","none"],"vectors":true}"#)
        #expect((got.object["missing"] as? [String]) == ["none"])
        #expect((got.object.list("documents").first?["vector"] as? [Any])?.count ?? 0 > 10)
        let deleted = try await server.request(
            "POST", collection + "/documents/delete", #"{"where":"year < 2021"}"#)
        #expect(deleted.text == #"{"deleted":2}"#)
        let neither = try await server.request("POST", collection + "/documents/delete", "{}")
        #expect(neither.status == 400)
    }

    @Test(arguments: TestStore.available)
    func collections(_ store: TestStore) async throws {
        let vdb = try Program(store)
        try vdb.ingestCorpus()
        let server = try RunningServer(vdb)
        let path = "/v1/collections/images"
        let body = #"{"metric":"cosine","dimensions":3,"index":{"m":8}}"#
        let made = try await server.request("PUT", path, body)
        #expect(made.status == 201 && made.object.int("dimensions") == 3)
        #expect(try await server.request("PUT", path, body).status == 200)
        let other = try await server.request("PUT", path, #"{"metric":"cosine","dimensions":4}"#)
        #expect(other.status == 409 && other.code == "dimension_mismatch")
        let stored = try await server.request(
            "POST", path + "/documents",
            #"{"documents":[{"id":"a","vector":[1,0,0]},{"id":"b","vector":[0,1,0]}]}"#)
        #expect(stored.status == 200 && stored.object.int("inserted") == 2, "\(stored.text)")
        let found = try await server.request("POST", path + "/query", #"{"vector":[0,2,0],"k":1}"#)
        #expect(found.object.hitIDs == ["b"])
        let list = try await server.request("GET", "/v1/collections")
        #expect(
            list.object.list("collections").compactMap { $0.string("collection") }
                == ["default", "images"])
        let statistics = try await server.request("GET", path)
        #expect(statistics.object.int("documents") == 2)
        // No path of the server's machine leaves it.
        #expect(!statistics.text.contains(vdb.folder))
        #expect(!statistics.text.contains("postgres://"))
        // In PostgreSQL all fields are indexed.
        if store == .file {
            let field = collection + "/fields/year"
            #expect(try await server.request("PUT", field, "{}").status == 200)
            let indexed = try await server.request("GET", collection)
            #expect((indexed.object["indexed_fields"] as? [String]) == ["year"])
            #expect(try await server.request("DELETE", field).status == 200)
        }
        let fields = try await server.request("GET", collection + "/fields")
        #expect(fields.object.list("fields").compactMap { $0.string("field") }.contains("lang"))
        #expect(try await server.request("DELETE", path).status == 204)
        #expect(try await server.request("GET", path).status == 404)
        #expect(try vdb.run("check").status == 0)
    }

    /// A collection says whether its graph has neighbor codes, as `vdb stats` does.
    @Test func neighborCodesAreTold() async throws {
        let vdb = Program()
        try vdb.ingestCorpus()
        try vdb.ingestGraph("graph", "--neighbor-codes")
        let server = try RunningServer(vdb)
        for (name, has) in [("default", false), ("graph", true)] {
            let told = try await server.request("GET", "/v1/collections/" + name).object
            let printed = try vdb.run("stats", "--collection", name, "--format", "json").object
            for statistics in [told, printed] {
                let index = statistics["index"] as? [String: Any]
                #expect(index?["neighbor_codes"] as? Bool == has)
            }
        }
    }

    // MARK: Ingest

    @Test(arguments: TestStore.available)
    func documentsAsJSON(_ store: TestStore) async throws {
        let vdb = try Program(store)
        let server = try RunningServer(vdb)
        let path = collection + "/documents"
        let two = #"{"documents":[{"text":"one of ours"},{"_id":"b","text":"two","topic":"x"}]}"#
        let first = try await server.request("POST", path, two)
        #expect(first.status == 200 && first.object.int("inserted") == 2, "\(first.text)")
        // Sent twice, it is there once, also what had no id.
        let again = try await server.request("POST", path, two)
        #expect(again.object.int("unchanged") == 2)
        let mixed =
            #"{"documents":[{"id":"c","text":"three"},{"id":"d"},{"id":"e","text":"five","vector":[1]}]}"#
        let stopped = try await server.request("POST", path, mixed)
        #expect(stopped.status == 422 && stopped.code == "missing_field", "\(stopped.text)")
        #expect(stopped.object.int("acknowledged") == 1 && stopped.object.int("index") == 1)
        #expect(try await server.request("GET", path + "/c").status == 200)
        let skipped = try await server.request("POST", path + "?on_error=skip", mixed)
        #expect(skipped.status == 207)
        #expect(skipped.object.int("failed") == 2 && skipped.object.int("documents") == 3)
        #expect(skipped.object.list("errors").map { $0.int("index") } == [1, 2])
        #expect(
            skipped.object.list("errors").map { $0.string("code") }
                == ["missing_field", "dimension_mismatch"])
        let conflict = try await server.request(
            "POST", path + "?on_conflict=error", #"{"documents":[{"id":"b","text":"other"}]}"#)
        #expect(conflict.status == 409 && conflict.code == "document_exists")
        let unknown = try await server.request("POST", path, #"{"documents":[],"more":1}"#)
        #expect(unknown.status == 400 && unknown.code == "member_unknown")
        #expect(try vdb.run("count").output == "3\n")
    }

    @Test(arguments: TestStore.available)
    func documentsAsLines(_ store: TestStore) async throws {
        let vdb = try Program(store)
        try vdb.ingestCorpus()
        let server = try RunningServer(vdb, "--max-line", "1KiB")
        let path = collection + "/documents"
        let lines = """
            {"id":"l1","text":"a line of text"}

            {"id":"l2","text":"another"}
            {"id":"l3"}
            {"id":"l4","text":"\(String(repeating: "long ", count: 400))"}
            {"id":"l5","text":"the last"}
            """
        let headers = ["Content-Type": "application/x-ndjson"]
        let skipped = try await server.request(
            "POST", path + "?on_error=skip", lines, headers: headers)
        #expect(skipped.status == 200)
        #expect(skipped.headers["content-type"] == "application/x-ndjson")
        let errors = skipped.objects.filter { $0["error"] != nil }
        #expect(errors.map { $0.int("line") } == [4, 5], "\(skipped.text)")
        #expect(
            errors.compactMap { ($0["error"] as? [String: Any])?.string("code") }
                == ["missing_field", "line_too_long"])
        #expect(skipped.objects.compactMap { $0.int("acknowledged") }.last == 6)
        #expect(skipped.objects.last?.int("inserted") == 3)
        #expect(skipped.objects.last?.int("failed") == 2)
        // The first fault ends it: there is no summary, and what came before is in.
        let stopped = try await server.request(
            "POST", path, #"{"id":"m1","text":"x"}"# + "\n{}\n" + #"{"id":"m2","text":"x"}"#,
            headers: headers)
        #expect(stopped.objects.compactMap { $0.int("acknowledged") }.last == 1)
        #expect(stopped.objects.last?["error"] != nil && stopped.objects.last?.int("line") == 2)
        #expect(try await server.request("GET", path + "/m1").status == 200)
        #expect(try await server.request("GET", path + "/m2").status == 404)
    }

    /// What is acknowledged while the body is still being sent is durable: it survives SIGKILL.
    @Test(arguments: TestStore.available)
    func acknowledgedIsStored(_ store: TestStore) async throws {
        let vdb = try Program(store)
        try vdb.ingestCorpus()
        let server = try RunningServer(vdb)
        let connection = try RawConnection(port: server.port)
        connection.send(
            "POST \(collection)/documents HTTP/1.1\r\nHost: localhost\r\n"
                + "Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n")
        #expect(connection.head().first == "HTTP/1.1 200 OK")
        for number in 0..<50 {
            connection.sendChunk(#"{"id":"k\#(number)","text":"document \#(number)"}"# + "\n")
        }
        let acknowledged = try #require(
            connection.object(with: "acknowledged")?.int("acknowledged"))
        kill(server.process.processIdentifier, SIGKILL)
        server.process.waitUntilExit()
        #expect(acknowledged > 0)
        for number in 0..<acknowledged {
            #expect(try vdb.run("get", "k\(number)").status == 0, "k\(number)")
        }
    }

    /// A client that sends and does not read holds up nobody, and gets what is left at the end.
    @Test(arguments: TestStore.available)
    func slowClients(_ store: TestStore) async throws {
        let vdb = try Program(store)
        try vdb.ingestCorpus()
        let server = try RunningServer(vdb)
        let slow = try RawConnection(port: server.port)
        slow.send(
            "POST \(collection)/documents HTTP/1.1\r\nHost: localhost\r\n"
                + "Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n")
        slow.sendChunk(#"{"id":"slow","text":"begins"}"# + "\n")
        // Others write meanwhile.
        let other = try await server.request("PUT", collection + "/documents/o", #"{"text":"o"}"#)
        #expect(other.status == 201)
        slow.send("0\r\n\r\n")
        #expect(slow.object(with: "documents")?.int("inserted") == 1)
    }

    @Test(arguments: TestStore.available)
    func compressedBodies(_ store: TestStore) async throws {
        let vdb = try Program(store)
        try vdb.ingestCorpus()
        let server = try RunningServer(vdb)
        let lines = (0..<2000).map { #"{"id":"z\#($0)","text":"line \#($0)"}"# + "\n" }.joined()
        try vdb.write("lines", lines)
        try #require(
            Self.run("/usr/bin/env", "gzip", "-k", vdb.path("lines")) == 0)
        let data = try Data(contentsOf: URL(fileURLWithPath: vdb.path("lines.gz")))
        let stored = try await server.request(
            "POST", collection + "/documents", data: data,
            headers: ["Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"])
        #expect(stored.objects.last?.int("inserted") == 2000, "\(stored.text.suffix(300))")
        let cut = try await server.request(
            "POST", collection + "/documents", data: data.prefix(data.count / 2),
            headers: ["Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"])
        #expect(
            (cut.objects.last?["error"] as? [String: Any])?.string("code") == "encoding_damaged")
        let query = try await server.request(
            "POST", collection + "/query", data: data.prefix(20),
            headers: ["Content-Encoding": "gzip"])
        #expect(query.status == 400 && query.code == "encoding_damaged")
    }

    private static func run(_ program: String, _ arguments: String...) -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        do { try process.start() } catch { return -1 }
        process.waitUntilExit()
        return process.terminationStatus
    }
}
