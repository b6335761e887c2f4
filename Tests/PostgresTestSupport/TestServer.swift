import Foundation
import PostgresStore
import TestSupport
import Testing

/// A PostgreSQL server for this process, with a database for each test.
///
/// `VDB_TEST_POSTGRES` names the folder of `initdb` and `postgres`. The server listens on a socket in its
/// own folder, and ends with this process, however that ends.
package final class TestServer: Sendable {
    package static let folder = ProcessInfo.processInfo.environment["VDB_TEST_POSTGRES"]
    package static let missing: Comment =
        "VDB_TEST_POSTGRES does not name the folder of PostgreSQL's programs"

    /// Whether the server has the extension postgres_fdw, which not every package of PostgreSQL brings.
    static let hasForeignTables =
        folder.map { folder in
            ["share/extension", "share/postgresql/extension"].contains {
                FileManager.default.fileExists(atPath: "\(folder)/../\($0)/postgres_fdw.control")
            }
        } ?? false

    /// The folder of the programs of a server whose pgvector is too old.
    package static let oldFolder = ProcessInfo.processInfo.environment["VDB_TEST_OLD_POSTGRES"]

    /// - Throws: if it cannot be started. A failed `#require` counts once only, so every test gets an error of
    ///   its own, by which it fails.
    private static let shared = Result { try TestServer() }.mapError { NotStarted(reason: "\($0)") }
    private static let pooler = Result {
        try TestPooler.program.map { _ in try TestPooler(before: host()) }
    }.mapError { NotStarted(reason: "\($0)") }

    private struct NotStarted: Error { let reason: String }

    private let sockets: TemporaryFolder
    private let process: Process
    private let ending: Pipe

    /// An empty database, through the pooler if there is one.
    ///
    /// - Parameter options: of CREATE DATABASE.
    package static func database(options: String = "") throws -> String {
        let uri = try directDatabase(options: options)
        return try pooler.get().map { uri.replacing(try host(), with: $0.host) } ?? uri
    }

    /// The same, never through the pooler.
    package static func directDatabase(options: String = "") throws -> String {
        try shared.get().newDatabase(options: options)
    }

    /// An empty database of this server.
    package func newDatabase(options: String = "") throws -> String {
        let server = self
        let name = "test_\(UUID().uuidString.lowercased().filter { $0 != "-" })"
        let connection = try PostgresConnection(server.uri("postgres"))
        try connection.run("CREATE DATABASE \(name) \(options)")
        return server.uri(name)
    }

    /// The same, as where a store is.
    package static func location() throws -> PostgresLocation {
        try #require(PostgresLocation(try database()))
    }

    /// The folder of the socket of the server that has these databases.
    package static func host() throws -> String { try shared.get().host }

    /// The folder of the server's socket.
    package var host: String { sockets.path }

    /// Ends the server at once, as a crash does, and removes its folder.
    package func stop() {
        try? ending.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    package func uri(_ database: String) -> String {
        "postgres://vdb@/\(database)?host=\(sockets.path)&connect_timeout=10"
    }

    /// How many times a second it is asked whether the server is up.
    private static let attempts = 20

    /// Starts a server of its own.
    ///
    /// - Parameters:
    ///   - primary: the server whose standby it is; `nil` for a new cluster.
    ///   - folder: of its programs.
    package init(standbyOf primary: TestServer? = nil, folder: String? = folder) throws {
        let programs = try #require(folder)
        sockets = TemporaryFolder()
        let data = sockets.file("data")
        try Self.giveAway(sockets)
        let creation = Self.program(
            primary.map {
                [
                    "\(programs)/pg_basebackup", "-D", data, "-d", $0.uri("postgres"), "-R",
                    "-c", "fast", "--no-sync",
                ]
            } ?? [
                "\(programs)/initdb", "-D", data, "-U", "vdb", "--auth", "trust", "-E", "UTF8",
                "--locale", "C", "--no-sync",
            ])
        try creation.start()
        creation.waitUntilExitOrKill()
        try #require(creation.terminationStatus == 0, "initdb or pg_basebackup failed")
        // The shell waits for the end of its input, which comes with the end of this process. A statement
        // ends after two minutes, so that no test waits forever.
        let script = """
            "$0" -D "$1" -k "$2" -c listen_addresses= -c max_connections=500 -c fsync=off \
                -c statement_timeout=120s \
                >"$1/log" 2>&1 &
            server=$!
            cat >/dev/null
            kill -QUIT $server
            wait
            rm -rf "$2"
            """
        process = Self.program([
            "/bin/sh", "-c", script, "\(programs)/postgres", data, sockets.path,
        ])
        ending = Pipe.uninherited()
        process.standardInput = ending
        try process.start()
        for attempt in 1... {
            do {
                _ = try PostgresConnection(uri("postgres"))
                return
            } catch {
                try #require(
                    attempt < 60 * Self.attempts && process.isRunning, "postgres failed: \(error)")
                usleep(1_000_000 / UInt32(Self.attempts))
            }
        }
    }

    private static let nobody: UInt32 = 65534

    /// Lets programs that are not root write into a folder: PostgreSQL refuses to be root.
    static func giveAway(_ folder: TemporaryFolder) throws {
        if geteuid() == 0, chown(folder.path, nobody, nobody) != 0 { throw POSIXError(.EPERM) }
    }

    /// A program, not as root, whose output nobody waits for.
    static func program(_ command: [String]) -> Process {
        let process = Process()
        var command = command
        if geteuid() == 0 {
            command =
                ["/usr/bin/env", "setpriv", "--reuid=\(nobody)", "--regid=\(nobody)"]
                + ["--clear-groups", "--"] + command
        }
        process.executableURL = URL(fileURLWithPath: command[0])
        process.arguments = Array(command.dropFirst())
        process.currentDirectoryURL = URL(fileURLWithPath: "/")
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        return process
    }
}

extension Trait where Self == ConditionTrait {
    /// The test needs a PostgreSQL server.
    package static var needsServer: Self {
        .enabled(if: TestServer.folder != nil, TestServer.missing)
    }

    /// The test needs a pooler.
    package static var needsPooler: Self {
        .enabled(
            if: TestServer.folder != nil && TestPooler.program != nil,
            "VDB_TEST_POSTGRES and VDB_TEST_PGBOUNCER do not name a server and a pooler")
    }

    /// The test needs a server whose pgvector is too old.
    package static var needsOldServer: Self {
        .enabled(
            if: TestServer.oldFolder != nil,
            "VDB_TEST_OLD_POSTGRES does not name the folder of an old PostgreSQL's programs")
    }

    /// The test needs several PostgreSQL servers that reach each other.
    package static var needsForeignServers: Self {
        .enabled(
            if: TestServer.hasForeignTables,
            "VDB_TEST_POSTGRES names no PostgreSQL, or one without postgres_fdw")
    }
}
