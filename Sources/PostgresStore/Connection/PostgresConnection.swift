import CPostgres
import Foundation

/// A connection to a PostgreSQL server, used by one task at a time.
///
/// Calls block; make them on threads that may. If the task is cancelled meanwhile, the server is asked to
/// end the statement, and the call throws `cancelled`.
///
/// Parameters and answers are in PostgreSQL's binary form. Statements are not prepared, and nothing but
/// a transaction outlives a call, so that it works through a pooler that gives each transaction
/// another connection.
package final class PostgresConnection {
    let functions: libpq
    let connection: OpaquePointer
    /// How often an answer was waited for: one for each statement, pipeline or COPY.
    package internal(set) var roundTrips = 0
    /// Set once the server was asked to end the statement that runs.
    private var isCancelling = false

    /// How long to wait before looking again whether the task was cancelled, in milliseconds.
    private static let pause: Int32 = 100

    /// Connects.
    ///
    /// - Parameters:
    ///   - uri: libpq's connection string: a URI, or `host=… dbname=…`.
    ///   - options: the server's options, instead of those in the URI.
    ///   - secrets: settings that are not in the URI.
    package init(
        _ uri: String, options: String? = nil, secrets: [String: String] = [:]
    ) throws(PostgresError) {
        guard let functions = libpq_load()?.pointee else { throw .libraryMissing }
        let settings =
            [
                ("dbname", uri), ("client_encoding", "UTF8"), ("fallback_application_name", "vdb"),
            ] + (options.map { [("options", $0)] } ?? []) + secrets.map { ($0.key, $0.value) }
        let names = CStrings(settings.map(\.0))
        let values = CStrings(settings.map(\.1))
        guard let connection = functions.connectdbParams(names.pointer, values.pointer, 1) else {
            throw .cannotConnect(reason: "out of memory")
        }
        guard functions.status(connection) == LIBPQ_CONNECTION_OK else {
            let reason = Self.message(functions, connection)
            functions.finish(connection)
            throw .cannotConnect(reason: reason)
        }
        // Notices go to standard error if nobody takes them.
        _ = functions.setNoticeProcessor(connection, { _, _ in }, nil)
        _ = functions.setnonblocking(connection, 1)
        self.functions = functions
        self.connection = connection
    }

    deinit { functions.finish(connection) }

    /// 180006 for version 18.6.
    package var serverVersion: Int { Int(functions.serverVersion(connection)) }

    /// A setting that the server reports, such as `server_encoding`.
    package func setting(_ name: String) -> String? {
        functions.parameterStatus(connection, name).map { String(cString: $0) }
    }

    /// Whether further statements can be sent, and none is in a transaction.
    package var isIdle: Bool {
        functions.status(connection) == LIBPQ_CONNECTION_OK
            && functions.transactionStatus(connection) == LIBPQ_TRANSACTION_IDLE
    }

    // MARK: Statements

    /// Runs one statement.
    @discardableResult
    package func run(
        _ sql: String, _ parameters: [PostgresValue] = []
    ) throws(PostgresError) -> PostgresResult {
        roundTrips += 1
        try send(PostgresStatement(sql, parameters))
        try flush()
        return try collect()
    }

    /// Runs `body` in a transaction; what it throws rolls that back.
    package func transaction<T>(
        _ begin: String = "BEGIN", _ body: () throws -> T
    ) throws -> T {
        try run(begin)
        do {
            let result = try body()
            try run("COMMIT")
            return result
        } catch {
            rollBack()
            throw error
        }
    }

    /// Ends a transaction that failed. If that fails, too, the connection is gone, and the server rolls
    /// it back.
    func rollBack() {
        if !isIdle { _ = try? run("ROLLBACK") }
    }

    // MARK: Protocol

    /// Sends a statement, without waiting for its answer.
    func send(_ statement: PostgresStatement) throws(PostgresError) {
        isCancelling = false
        var bytes: [UInt8] = []
        var places: [Range<Int>?] = []
        for parameter in statement.parameters {
            let start = bytes.count
            places.append(parameter.encode(to: &bytes) ? start..<bytes.count : nil)
        }
        let types = statement.parameters.map(\.type)
        let lengths = places.map { Int32(clamping: $0?.count ?? 0) }
        let formats = [Int32](repeating: 1, count: places.count)
        // One more, so that an empty value at the end has an address: a null pointer is null.
        bytes.append(0)
        let isSent = bytes.withUnsafeBytes { buffer in
            let values = places.map { place in
                place.flatMap {
                    buffer.baseAddress?.advanced(by: $0.lowerBound)
                        .assumingMemoryBound(to: CChar.self)
                }
            }
            return functions.sendQueryParams(
                connection, statement.sql, Int32(clamping: places.count), types, values, lengths,
                formats, 1) == 1
        }
        guard isSent else { throw lost() }
    }

    /// Sends everything that libpq holds back. Takes in what the server sends meanwhile: it might not read
    /// on before.
    func flush() throws(PostgresError) {
        while true {
            switch functions.flush(connection) {
            case 0: return
            case 1: try wait(for: Int16(POLLIN | POLLOUT))
            default: throw lost()
            }
        }
    }

    /// The next answer; `nil` at the end of a statement's answers.
    func next() throws(PostgresError) -> PostgresResult? {
        while functions.isBusy(connection) != 0 {
            try flush()
            try wait(for: Int16(POLLIN))
        }
        return functions.getResult(connection).map { PostgresResult($0, functions) }
    }

    /// The answer to a statement, after all of it has come.
    func collect() throws(PostgresError) -> PostgresResult {
        var answer: PostgresResult?
        var failure: PostgresError?
        while let result = try next() {
            if let refusal = refusal(of: result) { failure = failure ?? refusal }
            answer = result
            // Otherwise libpq gives the same answer forever.
            if functions.status(connection) != LIBPQ_CONNECTION_OK { break }
        }
        if let failure { throw failure }
        guard let answer else { throw lost() }
        return answer
    }

    /// The error that an answer is, if it is one.
    func refusal(of result: PostgresResult) -> PostgresError? {
        switch result.status {
        case LIBPQ_COMMAND_OK, LIBPQ_TUPLES_OK, LIBPQ_COPY_IN: return nil
        case LIBPQ_FATAL_ERROR:
            // One that libpq has made itself has no state.
            guard let state = result.errorField(LIBPQ_FIELD_STATE) else { return lost() }
            if isCancelling, state == PostgresError.State.queryCancelled { return .cancelled }
            return .refused(
                PostgresError.Refusal(
                    state: state, message: result.errorField(LIBPQ_FIELD_MESSAGE) ?? "",
                    detail: result.errorField(LIBPQ_FIELD_DETAIL),
                    constraint: result.errorField(LIBPQ_FIELD_CONSTRAINT)))
        default: return .unexpectedAnswer("libpq's status \(result.status)")
        }
    }

    func lost() -> PostgresError {
        .connectionLost(reason: Self.message(functions, connection))
    }

    /// Waits until the server has sent something, or takes something. Takes in what it has sent.
    private func wait(for events: Int16) throws(PostgresError) {
        var descriptor = pollfd(fd: functions.socket(connection), events: events, revents: 0)
        guard descriptor.fd >= 0 else { throw lost() }
        while poll(&descriptor, 1, Self.pause) <= 0 {
            if Task.isCancelled { cancel() }
        }
        if descriptor.revents & ~Int16(POLLOUT) != 0, functions.consumeInput(connection) == 0 {
            throw lost()
        }
    }

    /// Asks the server once to end the statement.
    private func cancel() {
        guard !isCancelling, let handle = functions.getCancel(connection) else { return }
        isCancelling = true
        var message = [CChar](repeating: 0, count: 256)
        _ = functions.cancel(handle, &message, Int32(message.count))
        functions.freeCancel(handle)
    }

    private static func message(_ functions: libpq, _ connection: OpaquePointer) -> String {
        guard let text = functions.errorMessage(connection) else { return "" }
        return String(cString: text).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

/// C strings, and a null pointer after the last.
private final class CStrings {
    let pointer: UnsafeMutablePointer<UnsafePointer<CChar>?>
    private let count: Int

    init(_ texts: [String]) {
        count = texts.count
        pointer = .allocate(capacity: count + 1)
        for (index, text) in texts.enumerated() { pointer[index] = UnsafePointer(strdup(text)) }
        pointer[count] = nil
    }

    deinit {
        for index in 0..<count { free(UnsafeMutablePointer(mutating: pointer[index])) }
        pointer.deallocate()
    }
}
