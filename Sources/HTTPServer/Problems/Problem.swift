import HTTPTypes
import JSON

/// An error as a client sees it: problem details (RFC 9457).
struct Problem: Error {
    let status: HTTPResponse.Status
    /// The case of the error in snake_case. Its meaning never changes.
    let code: String
    /// One sentence: what is wrong and what to do.
    let detail: String
    /// The status with which the command line ends; `nil` for what only a server has.
    var exitStatus: Int?
    /// Facts by name, such as `expected` and `found`.
    var facts: JSONObject = [:]
    var headers: HTTPFields = [:]

    init(
        _ status: HTTPResponse.Status, _ code: String, _ detail: String, exitStatus: Int? = nil,
        facts: JSONObject = [:], headers: HTTPFields = [:]
    ) {
        self.status = status
        self.code = code
        self.detail = detail
        self.exitStatus = exitStatus
        self.facts = facts
        self.headers = headers
    }

    static let mediaType = "application/problem+json"

    /// - Parameter instance: the request's id.
    func json(instance: String) -> JSONWriter {
        var line = JSONWriter()
        line.set("type", "urn:vdb:problem:" + code.replacing("_", with: "-"))
        line.set("title", status.reasonPhrase)
        line.set("status", status.code)
        line.set("detail", detail)
        line.set("code", code)
        if let exitStatus { line.set("exit_status", exitStatus) }
        line.set("instance", instance)
        for (key, value) in facts { line.set(key, value) }
        return line
    }

    /// The same with the members that OpenAI's clients read.
    func openAIJSON(instance: String) -> JSONWriter {
        var line = json(instance: instance)
        var error = JSONWriter()
        error.set("message", detail)
        error.set("type", status.code < 500 ? "invalid_request_error" : "server_error")
        error.set("param", facts["param"] ?? .null)
        error.set("code", code)
        line.set("error", error)
        return line
    }

    /// Whether the same request may succeed later.
    var isTemporary: Bool {
        [.requestTimeout, .tooManyRequests, .serviceUnavailable].contains(status)
    }
}
