import Foundation
import JSON

/// One request as it is logged: never a text, a query or a key.
package struct LoggedRequest: Sendable {
    let id: String
    let method: String
    let route: String
    let status: Int
    let milliseconds: Double
    /// Of the answer's body; `nil` for a stream.
    let bytes: Int?
    let traceParent: String?

    /// One JSON object.
    package var json: String {
        var line = JSONWriter()
        line.set(
            "time", Date().formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
        line.set("id", id)
        line.set("method", method)
        line.set("route", route)
        line.set("status", status)
        line.set("ms", .number((milliseconds * 1000).rounded() / 1000))
        line.set("bytes", bytes.map { .integer(Int64($0)) } ?? .null)
        if let traceParent { line.set("traceparent", traceParent) }
        return line.text
    }
}

/// Where the server writes what people should know.
package struct ServerLog: Sendable {
    private let write: (@Sendable (LoggedRequest) -> Void)?
    private let report: @Sendable (any Error, String) -> Void

    /// - Parameters:
    ///   - write: called for each request; `nil` for no log of requests.
    ///   - report: called for each failure of the server itself, with the request's id.
    package init(
        write: (@Sendable (LoggedRequest) -> Void)?,
        report: @escaping @Sendable (any Error, String) -> Void
    ) {
        self.write = write
        self.report = report
    }

    func request(_ request: LoggedRequest) { write?(request) }
    func failure(_ error: any Error, id: String) { report(error, id) }
}
