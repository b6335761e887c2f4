import Foundation
import PostgresStore
import PostgresTestSupport
import TestSupport
import Testing

/// The commands on a database in PostgreSQL, compared with the same on a file.
@Suite(.serialized, .needsServer) struct PostgresTests {
    let vdb = Program()
    let uri: String
    private var postgres: [String: String] { ["VDB_DB": uri] }

    init() throws {
        uri = try TestServer.database()
        try vdb.ingestCorpus()
    }

    private func ingest() throws {
        let result = try vdb.run(
            "ingest", "corpus.jsonl", "--quiet", "--summary", "json", environment: postgres)
        #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
        #expect(result.object.int("inserted") == 4)
    }

    /// Without what differs: the time, and counts of the work.
    private static func untimed(_ json: String) -> String {
        json.replacing(/"took_ms":[0-9.e-]+/, with: "")
    }

    @Test("Documents are read, counted, filtered, queried and exported as from a file")
    func reading() throws {
        try ingest()
        let again = try vdb.run(
            "ingest", "corpus.jsonl", "--quiet", "--summary", "json", environment: postgres)
        #expect(again.object.int("unchanged") == 4 && again.object.int("tokens") == 0)
        let commands: [[String]] = [
            ["list"], ["list", "--limit", "2", "--after", "apples", "--format", "json"],
            ["list", "--where", "year > 2019 AND lang = 'en'"], ["count"],
            ["count", "--where", "tag = 'sea'"], ["get", "tides", "onions", "--format", "json"],
            ["fields", "--format", "json"], ["export"], ["export", "--vectors"],
            ["collections", "--format", "json"],
            ["query", "gas", "--mode", "dense", "--exact", "--format", "json"],
            ["query", "the sea", "--mode", "dense", "--exact", "-k", "1", "--format", "trec"],
            [
                "query", "gas", "--mode", "dense", "--exact", "--where", "year < 2021", "--format",
                "json",
            ],
        ]
        func compare() throws {
            for command in commands {
                let expected = try vdb.run(command)
                let found = try vdb.run(command, environment: postgres)
                #expect(
                    found.status == 0 && found.errors == expected.errors,
                    "\(command): \(found.errors)")
                #expect(Self.untimed(found.output) == Self.untimed(expected.output), "\(command)")
            }
        }
        try compare()
        for environment in [[:], postgres] {
            let result = try vdb.run("index-field", "year", environment: environment)
            #expect(result.status == 0 && result.errors == "year: indexed\n", "\(result.errors)")
            let stats = try vdb.run("stats", "--format", "json", environment: environment)
            #expect(stats.object["indexed_fields"] as? [String] == ["year"])
        }
        try compare()
        let dropped = try vdb.run("index-field", "year", "--drop", environment: postgres)
        #expect(dropped.errors == "year: no longer indexed\n", "\(dropped.errors)")
        #expect(try vdb.run("get", "none", environment: postgres).status == 66)
    }

    @Test("Documents are updated and deleted, and an export comes back the same")
    func writing() throws {
        try ingest()
        for environment in [[:], postgres] {
            let updated = try vdb.run(
                "update", "bread", "--set", "year=2024", environment: environment)
            #expect(updated.status == 0, "\(updated.errors)")
            let deleted = try vdb.run(
                "delete", "--where", "lang = 'de'", "--format", "json", environment: environment)
            #expect(deleted.object.int("deleted") == 1)
            #expect(try vdb.run("delete", "apples", environment: environment).status == 66)
        }
        let exported = try vdb.run("export", "--vectors", environment: postgres)
        #expect(exported.output == (try vdb.run("export", "--vectors").output))
        try vdb.write("export.jsonl", exported.output)
        let copy = ["VDB_DB": try TestServer.database()]
        let ingest = try vdb.run(
            "ingest", "export.jsonl", "--places", "3", "--quiet", "--summary", "json",
            environment: copy)
        #expect(ingest.object.int("inserted") == 3 && ingest.object.int("tokens") == 0)
        #expect(try vdb.run("export", "--vectors", environment: copy).output == exported.output)
        let check = try vdb.run("check", environment: copy)
        #expect(check.status == 0 && check.output.contains("fsync=off"), "\(check.output)")
    }

    @Test("Collections are copied, renamed and dropped, and encoded by another model")
    func collections() throws {
        try ingest()
        try vdb.writeModel("model")
        let commands = [
            ["collections", "copy", "default", "other"], ["collections", "rename", "other", "new"],
            ["reindex", "--model", "model", "--collection", "new"],
            ["reindex", "--m", "8", "--collection", "new"],
            ["collections", "drop", "default", "--yes"],
        ]
        for command in commands {
            let result = try vdb.run(command + ["--quiet"], environment: postgres)
            #expect(result.status == 0, "\(command): \(result.errors)")
        }
        let list = try vdb.run("collections", "--format", "json", environment: postgres).objects
        #expect(list.map { $0.string("collection") } == ["new"])
        let query = [
            "query", "dough", "--mode", "dense", "--collection", "new", "--format", "trec",
        ]
        let hits = try vdb.run(query + ["--model", "model"], environment: postgres)
        #expect(hits.lines.first?.contains("bread") == true, "\(hits.errors)")
        try vdb.write("more.jsonl", #"{"_id":"more","text":"more"}"#)
        let refused = try vdb.run(
            "ingest", "more.jsonl", "--model", "built-in", "--collection", "new",
            environment: postgres)
        #expect(refused.status == 65, "\(refused.errors)")
    }

    @Test("Statistics tell the state of the graph, and no command tells a password")
    func statistics() throws {
        try ingest()
        let secret = uri.replacing("vdb@", with: "vdb:s3cret@")
        let stats = try vdb.run("stats", "--format", "json", "--db", secret)
        #expect((stats.object["index"] as? [String: Any])?.string("state") == "scan")
        #expect(stats.object.string("db") == uri)
        let bytes = stats.object["bytes"] as? [String: Int] ?? [:]
        #expect((bytes["vectors"] ?? 0) > 0)
        let wrong = secret.replacing("vdb:s3cret@", with: "vdb:s3cret@127.0.0.1:1")
        for arguments in [
            ["stats", "--db", secret], ["check", "--db", secret], ["compact", "--db", secret],
            ["query", "x", "--db", secret], ["list", "--db", wrong],
            ["list", "--db", "postgres://vdb:s3cret%zz@127.0.0.1/x"],
            ["list", "--db", "postgres://vdb:s3cret@/x?schema="],
            ["copy", "--to", secret], ["schema", "--postgres", "--db", secret],
            ["collections", "--db", secret + "&schema=none"],
        ] {
            let result = try vdb.run(arguments)
            #expect(!(result.output + result.errors).contains("s3cret"), "\(arguments)")
            #expect(result.errorLines.count <= 1, "\(arguments): \(result.errors)")
        }
    }

    @Test("What is not there is refused in one line, with its status")
    func refusals() throws {
        let cases: [(Int32, String, [String])] = [
            (66, "there is no database here", ["list"]),
            (66, "there is no database here", ["query", "x"]),
        ]
        for (status, message, arguments) in cases {
            let result = try vdb.run(arguments, environment: postgres)
            #expect(result.status == status && result.errors.contains(message), "\(result.errors)")
        }
        try ingest()
        let unavailable: [(String, [String])] = [
            ("autovacuum", ["compact"]), ("pg_dump", ["backup", "copy.vdb"]),
            ("Connection refused", ["list", "--db", "postgres://vdb@127.0.0.1:1/x"]),
        ]
        for (message, arguments) in unavailable {
            let result = try vdb.run(arguments, environment: postgres)
            #expect(result.status == 69 && result.errors.contains(message), "\(result.errors)")
            #expect(result.errorLines.count == 1)
        }
        #expect(
            !FileManager.default.fileExists(atPath: vdb.path("copy.vdb")), "nothing is half-made")
        try vdb.fails(64, "schema", "list", "--db", "postgres://vdb@/x?schema=")
        let odd = try TestServer.database(options: "ENCODING 'SQL_ASCII' TEMPLATE template0")
        let encoding = try vdb.run("ingest", "corpus.jsonl", environment: ["VDB_DB": odd])
        #expect(encoding.status == 69 && encoding.errors.contains("UTF8"), "\(encoding.errors)")
    }

    @Test("A user who may not make the schema is told so, and an administrator's SQL helps")
    func rights() throws {
        let administrator = try PostgresConnection(uri)
        let role = "r\(UUID().uuidString.lowercased().filter { $0 != "-" })"
        try administrator.run("CREATE ROLE \(role) LOGIN")
        let poor = ["VDB_DB": uri.replacing("vdb@", with: "\(role)@")]
        let refused = try vdb.run("ingest", "corpus.jsonl", "--quiet", environment: poor)
        #expect(refused.status == 73, "\(refused.errors)")
        #expect(
            refused.errors.contains("vdb schema --postgres") && refused.errorLines.count == 1,
            "\(refused.errors)")
        let sql = try vdb.run("schema", "--postgres", environment: poor)
        for statement in sql.output.split(separator: ";\n") {
            try administrator.run(String(statement))
        }
        let result = try vdb.run("ingest", "corpus.jsonl", "--quiet", environment: poor)
        #expect(result.status == 0, "\(result.errors)")
        #expect(try vdb.run("list", environment: poor).lines.count == 4)
    }

    @Test("Processes that ingest at the same time, even into nothing, do not disturb each other")
    func together() throws {
        let processes = try (0..<4).map { number in
            let lines = (0..<200).map {
                #"{"_id":"\#(number % 2)-\#($0)","text":"","vector":[1,\#($0)]}"#
            }
            try vdb.write("part\(number).jsonl", lines.joined(separator: "\n"))
            return try vdb.start(
                ["ingest", "part\(number).jsonl", "--quiet", "--batch-size", "20"],
                input: FileHandle.nullDevice, output: FileHandle.nullDevice,
                errors: FileHandle.standardError, environment: postgres)
        }
        for process in processes {
            process.waitUntilExit()
            #expect(process.terminationStatus == 0)
        }
        #expect(try vdb.run("count", environment: postgres).output == "400\n")
        #expect(try vdb.run("check", environment: postgres).status == 0)
    }
}
