import Foundation
import PostgresStore
import TestSupport
import Testing

/// What a connection sends and understands, judged by the server.
@Suite(.needsServer)
struct ConnectionTests {
    private let connection: PostgresConnection

    init() throws { connection = try PostgresConnection(try TestServer.database()) }

    @Test("The server reads parameters as they were meant")
    func parameters() throws {
        let values: [(PostgresValue, String)] = [
            (.integer(.min), "-9223372036854775808"), (.integer(7), "7"), (.int32(-5), "-5"),
            (.real(-0.1), "-0.1"), (.real(.infinity), "Infinity"), (.boolean(true), "true"),
            (.text("Käse 'n' \u{1F9C0}\n"), "Käse 'n' \u{1F9C0}\n"), (.text(""), ""),
            (.bytes([0, 255, 16]), "\\x00ff10"), (.bytes([]), "\\x"),
            (.integers([3, -1]), "{3,-1}"), (.integers([]), "{}"),
            (.texts(["a", "", "b c"]), "{a,\"\",\"b c\"}"),
            (.byteStrings([[1], []]), "{\"\\\\x01\",\"\\\\x\"}"),
            (.json(#"{"b": [1, null], "a": "x"}"#), #"{"a": "x", "b": [1, null]}"#),
            (.jsons(["1", #"["x"]"#]), #"{1,"[\"x\"]"}"#),
            (.jsonPath("$.a ? (@ > 1)"), "$.\"a\"?(@ > 1)"),
        ]
        for (value, text) in values {
            let row = try connection.run("SELECT $1::text", [value])[0]
            #expect(try row.text(0) == text, "\(value)")
        }
        #expect(try connection.run("SELECT $1::text", [.null])[0].isNull(0))
        // None may be taken for another that follows it.
        let all = try connection.run(
            "SELECT $1, $2, $3, $4, $5",
            [.text("x"), .null, .text(""), .integer(1), .bytes([9])])[0]
        #expect(try all.text(0) == "x" && all.isNull(1) && all.text(2) == "")
        #expect(try all.integer(3) == 1 && all.bytes(4) == [9])
    }

    @Test("Answers are read as the server meant them")
    func answers() throws {
        let row = try connection.run(
            """
            SELECT 1::int2, (-2)::int4, 3::int8, 0.5::float4, -0.25::float8, true, 'é'::text,
                '\\x0001'::bytea, '{"a":1}'::jsonb, NULL::text
            """)[0]
        #expect(try (0..<3).map { try row.integer($0) } == [1, -2, 3])
        #expect(try row.real(3) == 0.5 && row.real(4) == -0.25)
        #expect(try row.boolean(5))
        #expect(try row.text(6) == "é")
        #expect(try row.bytes(7) == [0, 1])
        #expect(try row.json(8) == #"{"a": 1}"#)
        #expect(try row.optionalText(9) == nil)
        // Another type, a null, a column that is not there.
        for column in [5, 9, 10] {
            #expect(throws: PostgresError.self) { try row.integer(column) }
        }
        let none = try connection.run("SELECT 1 WHERE false")
        #expect(none.count == 0 && none.columns == 1)
    }

    @Test("Vectors keep every bit, in both directions")
    func vectors() throws {
        try connection.run("CREATE EXTENSION vector")
        let value: [Float] = [1, -0.1, 3.4e38, 1e-40, -0.0]
        let row = try connection.run("SELECT $1::vector, $1::vector::text", [.vector(value)])[0]
        var read: [Float] = [9]
        try row.appendVector(0, to: &read)
        #expect(read.map(\.bitPattern) == ([9] + value).map(\.bitPattern))
        #expect(try row.text(1) == "[1,-0.1,3.4e+38,1e-40,-0]")
        #expect(throws: PostgresError.self) {
            try connection.run("SELECT $1::vector(2)", [.vector(value)])
        }
    }

    @Test("A refusal tells its state and constraint, and leaves the connection usable")
    func refusals() throws {
        try connection.run("CREATE TABLE t (a int8 CONSTRAINT once UNIQUE)")
        try connection.run("INSERT INTO t VALUES ($1)", [.integer(1)])
        let error = #expect(throws: PostgresError.self) {
            try connection.run("INSERT INTO t VALUES ($1)", [.integer(1)])
        }
        guard case .refused(let refusal) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(refusal.state == PostgresError.State.uniqueViolation)
        #expect(refusal.constraint == "once")
        #expect(refusal.detail == "Key (a)=(1) already exists.")
        #expect(error?.isTransient == false)
        // A text cannot have a NUL.
        #expect(throws: PostgresError.self) {
            try connection.run("SELECT $1::text", [.text("a\u{0}b")])
        }
        #expect(try connection.run("SELECT count(*) FROM t")[0].integer(0) == 1)
    }

    @Test("What a transaction's body throws rolls it back")
    func transactions() throws {
        try connection.run("CREATE TABLE t (a int8)")
        struct Failure: Error {}
        #expect(throws: Failure.self) {
            try connection.transaction {
                try connection.run("INSERT INTO t VALUES (1)")
                throw Failure()
            }
        }
        #expect(throws: PostgresError.self) {
            try connection.transaction {
                try connection.run("INSERT INTO t VALUES (2)")
                try connection.run("SELECT 1 / 0")
            }
        }
        #expect(connection.isIdle)
        let changed = try connection.transaction {
            try connection.run("INSERT INTO t VALUES (3), (4)").changedRows
        }
        #expect(changed == 2)
        let rows = try connection.run("SELECT a FROM t ORDER BY a")
        #expect(try rows.rows.map { try $0.integer(0) } == [3, 4])
    }

    @Test("A pipeline answers each statement, and stops at the first that fails")
    func pipelines() throws {
        let answers = try connection.pipeline([
            PostgresStatement("CREATE TABLE t (a int8)"),
            PostgresStatement("INSERT INTO t VALUES ($1), ($2)", [.integer(1), .integer(2)]),
            PostgresStatement("SELECT a FROM t ORDER BY a"),
        ])
        #expect(answers.map(\.count) == [0, 0, 2] && answers[1].changedRows == 2)
        for begin in ["SELECT 1", "BEGIN"] {
            #expect(throws: PostgresError.self) {
                try connection.pipeline([
                    PostgresStatement(begin), PostgresStatement("DELETE FROM t"),
                    PostgresStatement("SELECT 1 / $1", [.integer(0)]),
                    PostgresStatement("INSERT INTO t VALUES (9)"),
                ])
            }
            #expect(connection.isIdle)
            #expect(try connection.run("SELECT count(*) FROM t")[0].integer(0) == 2)
        }
        // More than fits into the buffers between the two, in both directions.
        let text = String(repeating: "x", count: 1 << 20)
        let large = try connection.pipeline(
            (0..<16).map { _ in PostgresStatement("SELECT $1", [.text(text)]) })
        #expect(try large.count == 16 && large.allSatisfy { try $0[0].text(0) == text })
    }

    @Test("COPY writes what it was given, all of it or nothing")
    func copies() throws {
        try connection.run("CREATE TABLE t (a int8, b text, c bytea, d jsonb)")
        let text = String(repeating: "é\t\\N\n", count: 20)
        let count = 5000
        let copied = try connection.copy(into: "t (a, b, c, d)") { writer in
            for index in 0..<count {
                try writer.add([
                    .integer(Int64(index)), index % 3 == 0 ? .null : .text(text),
                    .bytes([UInt8(index % 256)]), .json("{}"),
                ])
            }
        }
        #expect(copied == count)
        let row = try connection.run(
            "SELECT sum(a)::int8, count(b), count(*) FILTER (WHERE b = $1), sum(length(c)) FROM t",
            [.text(text)])[0]
        #expect(try row.integer(0) == 12_497_500)
        #expect(try row.integer(1) == 3333 && row.integer(2) == 3333 && row.integer(3) == 5000)

        struct Failure: Error {}
        #expect(throws: Failure.self) {
            try connection.copy(into: "t (a)") { writer in
                try writer.add([.integer(-1)])
                throw Failure()
            }
        }
        // A wrong type, a wrong number of columns, no such table.
        #expect(throws: PostgresError.self) {
            try connection.copy(into: "t (a)") { try $0.add([.text("x")]) }
        }
        #expect(throws: PostgresError.self) {
            try connection.copy(into: "t (a)") { try $0.add([.integer(1), .integer(2)]) }
        }
        #expect(throws: PostgresError.self) {
            try connection.copy(into: "missing") { try $0.add([.integer(1)]) }
        }
        #expect(connection.isIdle)
        #expect(try connection.run("SELECT count(*) FROM t")[0].integer(0) == Int64(count))
    }

    @Test("A cancelled task ends its statement, and the connection stays usable")
    func cancellation() async throws {
        nonisolated(unsafe) let connection = connection
        // The statement ends by itself if the cancellation is lost.
        let task = Task { try connection.run("SELECT pg_sleep(60)").count }
        task.cancel()
        let result = await task.result
        #expect(throws: PostgresError.cancelled) { try result.get() }
        #expect(try connection.run("SELECT 1")[0].integer(0) == 1)
    }

    @Test("A connection that the server ends is lost, and says so")
    func lostConnection() throws {
        let other = try PostgresConnection(try TestServer.database())
        let process = try other.run("SELECT pg_backend_pid()")[0].integer(0)
        try connection.run("SELECT pg_terminate_backend($1::int4)", [.integer(process)])
        for _ in 0..<2 {
            let error = #expect(throws: PostgresError.self) { try other.run("SELECT 1") }
            #expect(error?.isTransient == true, "\(String(describing: error))")
        }
        #expect(!other.isIdle)
    }

    @Test("Without a server, a connection fails with libpq's reason")
    func noServer() throws {
        let folder = TemporaryFolder()
        let error = #expect(throws: PostgresError.self) {
            try PostgresConnection("postgres:///x?host=\(folder.path)")
        }
        guard case .cannotConnect(let reason) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(reason.contains(folder.path))
    }
}
