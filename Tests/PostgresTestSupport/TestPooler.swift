import Foundation
import PostgresStore
import TestSupport
import Testing

/// A pgbouncer before a server, which gives each transaction whatever connection is free.
///
/// `VDB_TEST_PGBOUNCER` names the program. It ends with this process.
package final class TestPooler: Sendable {
    package static let program = ProcessInfo.processInfo.environment["VDB_TEST_PGBOUNCER"]

    private let folder = TemporaryFolder()
    private let process: Process
    private let ending = Pipe.uninherited()

    /// The folder of its socket.
    package var host: String { folder.path }

    /// Each database has connections of its own, and there are many databases: those that nobody uses are
    /// closed soon. A server that could not be reached is tried again soon.
    private static let settings = """
        [pgbouncer]
        pool_mode = transaction
        listen_port = 5432
        auth_type = trust
        max_client_conn = 1000
        default_pool_size = 20
        server_idle_timeout = 1
        server_login_retry = 1
        """

    /// - Parameter server: the folder of the server's socket.
    package init(before server: String) throws {
        let program = try #require(Self.program)
        try TestServer.giveAway(folder)
        try folder.write(
            "settings",
            """
            \(Self.settings)
            unix_socket_dir = \(folder.path)
            auth_file = \(folder.file("users"))
            [databases]
            * = host=\(server)
            """)
        try folder.write("users", #""vdb" """#)
        let script = """
            "$0" "$1/settings" >"$1/log" 2>&1 &
            pooler=$!
            cat >/dev/null
            kill -KILL $pooler
            wait
            rm -rf "$1"
            """
        process = TestServer.program(["/bin/sh", "-c", script, program, folder.path])
        process.standardInput = ending
        try process.start()
        for attempt in 1...1200 {
            do {
                _ = try PostgresConnection("postgres://vdb@/postgres?host=\(host)")
                return
            } catch {
                try #require(attempt < 1200 && process.isRunning, "pgbouncer failed: \(error)")
                usleep(50_000)
            }
        }
    }
}
