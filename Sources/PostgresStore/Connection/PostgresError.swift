/// Why a call to PostgreSQL failed, as facts.
package enum PostgresError: Error, Equatable, Sendable {
    /// libpq of version 14 or later cannot be opened on this machine.
    case libraryMissing
    /// No connection could be made. `reason` is libpq's.
    case cannotConnect(reason: String)
    /// The connection is gone. Whether a transaction whose COMMIT was not answered is committed is not
    /// known.
    case connectionLost(reason: String)
    /// The server refused a statement.
    case refused(Refusal)
    /// The connections have been closed.
    case closed
    /// The task was cancelled, and with it the statement.
    case cancelled
    /// The answer has not the columns or types that were expected.
    case unexpectedAnswer(String)

    /// The server's error.
    package struct Refusal: Equatable, Sendable {
        /// SQLSTATE, five characters.
        package let state: String
        package let message: String
        package let detail: String?
        /// The name of the constraint that was violated.
        package let constraint: String?

        package init(
            state: String, message: String, detail: String? = nil, constraint: String? = nil
        ) {
            self.state = state
            self.message = message
            self.detail = detail
            self.constraint = constraint
        }
    }

    /// The states that callers tell apart.
    package enum State {
        package static let uniqueViolation = "23505"
        package static let undefinedTable = "42P01"
        package static let queryCancelled = "57014"
        package static let notPermitted = "42501"
        package static let outOfRange = "22003"
    }

    /// Whether a server refused because another one, which holds some of the tables, cannot be reached.
    package var isOfOtherServer: Bool {
        if case .refused(let refusal) = self { return refusal.state.hasPrefix("08") }
        return false
    }

    /// Whether the same transaction may succeed if it is repeated: another one was in the way, or the
    /// server or the connection to it went away.
    package var isTransient: Bool {
        switch self {
        case .connectionLost, .cannotConnect: true
        case .refused(let refusal):
            [
                // Serialization failure, deadlock.
                "40001", "40P01",
                // Shut down, crashed, starting up; too many connections.
                "57P01", "57P02", "57P03", "53300",
                // The connection to another server is gone; for a pooler, that to its server.
                "08000", "08003", "08006", "08P01",
            ].contains(refusal.state)
        case .libraryMissing, .closed, .cancelled, .unexpectedAnswer: false
        }
    }
}
