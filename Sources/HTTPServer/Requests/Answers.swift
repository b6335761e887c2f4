import HTTPTypes
import Hummingbird
import JSON
import NIOCore

extension Response {
    /// One JSON object.
    static func json(
        _ object: JSONWriter, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]
    ) -> Response {
        var headers = headers
        headers[.contentType] = "application/json"
        return Response(
            status: status, headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: object.bytes)))
    }

    /// An error.
    static func problem(_ problem: Problem, instance: String, forOpenAI: Bool) -> Response {
        var headers = problem.headers
        headers[.contentType] = Problem.mediaType
        var problem = problem
        if forOpenAI {
            // OpenAI's clients repeat a conflict and every server error unless they are told not to.
            if problem.status == .conflict {
                problem = Problem(
                    .unprocessableContent, problem.code, problem.detail,
                    exitStatus: problem.exitStatus, facts: problem.facts)
            }
            if !problem.isTemporary { headers[.init("x-should-retry")!] = "false" }
        }
        let json =
            forOpenAI
            ? problem.openAIJSON(instance: instance) : problem.json(instance: instance)
        return Response(
            status: problem.status, headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: json.bytes)))
    }

    /// Text as it is.
    static func text(_ text: String, type: String) -> Response {
        Response(
            status: .ok, headers: [.contentType: type],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}
