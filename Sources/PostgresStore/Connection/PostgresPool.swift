import Dispatch
import Synchronization

/// Connections to one server, each used by one task at a time.
package final class PostgresPool: Sendable {
    private let uri: String
    private let secrets: [String: String]
    private let idle = Mutex<[PostgresConnection]?>([])
    /// Of those that may still be taken.
    private let free: DispatchSemaphore
    private let counted = Atomic<Int>(0)

    /// The round trips of all connections so far.
    package var roundTrips: Int { counted.load(ordering: .relaxed) }

    /// - Parameters:
    ///   - secrets: settings that are not in the URI.
    ///   - limit: the most connections; a further task waits.
    package init(_ uri: String, secrets: [String: String] = [:], limit: Int = 8) {
        self.uri = uri
        self.secrets = secrets
        free = DispatchSemaphore(value: limit)
    }

    /// Runs `body` with a connection. One that is lost, or left in a transaction, is not used again.
    package func withConnection<T>(
        _ body: (PostgresConnection) throws -> T
    ) throws -> T {
        free.wait()
        defer { free.signal() }
        let kept = try idle.withLock { idle throws(PostgresError) in
            guard idle != nil else { throw .closed }
            return idle?.popLast()
        }
        let connection = try kept ?? PostgresConnection(uri, secrets: secrets)
        let before = connection.roundTrips
        defer {
            counted.add(connection.roundTrips - before, ordering: .relaxed)
            if connection.isIdle { idle.withLock { $0?.append(connection) } }
        }
        return try body(connection)
    }

    /// Closes the connections; later calls throw `closed`.
    package func close() { idle.withLock { $0 = nil } }
}

/// Safe because the pool gives it to one task at a time.
extension PostgresConnection: @unchecked Sendable {}
