import HTTPTypes
import JSON

/// Why a request cannot be served, as facts.
enum RequestFailure: Error, Equatable {
    // The request.
    case noSuchRoute(path: String)
    case methodNotAllowed(method: String, allowed: [String])
    case malformedPath
    /// A body that is not JSON; the offset is in bytes from 0.
    case notJSON(JSONError)
    case notAnObject
    /// A member that the request does not have; `known` are those that it may have.
    case unknownMember(name: String, known: [String])
    case missingMember(name: String)
    /// `expected` completes the phrase "must be …".
    case wrongValue(name: String, expected: String)
    case unknownParameter(name: String, known: [String])
    case unsupportedMediaType(found: String?, expected: [String])
    case unsupportedEncoding(found: String)
    case damagedEncoding(encoding: String)
    case bodyTooLarge(limit: Int)
    case lineTooLong(line: Int, limit: Int)
    case timedOut(seconds: Double)
    case headTooLong(limit: Int)
    /// A head that is not one of HTTP.
    case malformedRequest
    /// The connection was closed before the answer.
    case clientGone

    // Access.
    case keyMissing
    case keyUnknown
    case keyReadsOnly
    case collectionNotAllowed(name: String)
    case hostNotAllowed(host: String)
    case originNotAllowed(origin: String)
    case serverReadsOnly

    // Load.
    case tooManyWrites(limit: Int)
    case embedderBusy(retryAfter: Int)
    case rerankerBusy(retryAfter: Int)
    case shuttingDown

    // Embeddings.
    case modelUnknown(name: String, known: [String])
    case tokensRefused
    case tokensWithoutText(param: String)
    case inputTooLong(index: Int)
    case noModel(embedder: String)
    /// Reranking by question, for which the server has no model.
    case noRerankModel
}

extension Problem {
    init(_ failure: RequestFailure) {
        func usage(
            _ code: String, _ detail: String, _ facts: JSONObject = [:],
            status: HTTPResponse.Status = .badRequest, headers: HTTPFields = [:]
        ) -> Problem {
            Problem(status, code, detail, exitStatus: 64, facts: facts, headers: headers)
        }
        func list(_ names: [String]) -> String { names.joined(separator: ", ") }
        self =
            switch failure {
            case .noSuchRoute(let path):
                usage(
                    "route_missing", "there is nothing at \(path); see GET /openapi.json",
                    status: .notFound)
            case .methodNotAllowed(let method, let allowed):
                usage(
                    "method_not_allowed", "\(method) is not possible here; use \(list(allowed))",
                    status: .methodNotAllowed, headers: [.allow: list(allowed)])
            case .malformedPath:
                usage("path_malformed", "the path is not percent-encoded UTF-8")
            case .notJSON(let error):
                usage(
                    "not_json", "the body is not JSON that can be read: \(error)",
                    ["offset": .integer(Int64(error.offset))])
            case .notAnObject: usage("not_an_object", "the body must be a JSON object")
            case .unknownMember(let name, let known):
                usage(
                    "member_unknown", "there is no member '\(name)' here; there are \(list(known))",
                    ["param": .string(name)])
            case .missingMember(let name):
                usage("member_missing", "'\(name)' is missing", ["param": .string(name)])
            case .wrongValue(let name, let expected):
                usage(
                    "value_wrong", "'\(name)' must be \(expected)",
                    ["param": .string(name), "expected": .string(expected)])
            case .unknownParameter(let name, let known):
                usage(
                    "parameter_unknown",
                    "there is no query parameter '\(name)' here"
                        + (known.isEmpty ? "" : "; there are \(list(known))"),
                    ["param": .string(name)])
            case .unsupportedMediaType(let found, let expected):
                usage(
                    "media_type_unsupported",
                    "Content-Type must be \(expected.joined(separator: " or ")), not "
                        + (found ?? "missing"), status: .unsupportedMediaType,
                    headers: [.accept: list(expected)])
            case .unsupportedEncoding(let found):
                usage(
                    "encoding_unsupported",
                    "Content-Encoding must be gzip, zstd or identity, not \(found)",
                    status: .unsupportedMediaType)
            case .damagedEncoding(let encoding):
                usage("encoding_damaged", "the body is not \(encoding) data, or it is cut short")
            case .bodyTooLarge(let limit):
                usage(
                    "body_too_large",
                    "the body has more than \(limit) bytes; send less at once, or documents as "
                        + "application/x-ndjson", ["limit": .integer(Int64(limit))],
                    status: .contentTooLarge)
            case .lineTooLong(let line, let limit):
                usage(
                    "line_too_long",
                    "line \(line) has more than \(limit) bytes; split the document",
                    ["line": .integer(Int64(line)), "limit": .integer(Int64(limit))],
                    status: .contentTooLarge)
            case .headTooLong(let limit):
                usage(
                    "head_too_long",
                    "the request's path and headers have more than \(limit) bytes, or there are more "
                        + "than \(Limits.headers) headers; put long filters into a body",
                    ["limit": .integer(Int64(limit))], status: .requestHeaderFieldsTooLarge)
            case .malformedRequest:
                usage("request_malformed", "the request's head is not one of HTTP/1.1")
            case .clientGone:
                Problem(.clientClosedRequest, "client_gone", "the client closed the connection")
            case .timedOut(let seconds):
                Problem(
                    .gatewayTimeout, "timed_out",
                    "the answer took longer than \(Self.number(seconds)) s; ask for less, or raise "
                        + "timeout_ms or --timeout")
            default: Self.access(failure)
            }
    }

    private static func access(_ failure: RequestFailure) -> Problem {
        let challenge: HTTPFields = [.wwwAuthenticate: "Bearer"]
        return switch failure {
        case .keyMissing:
            Problem(
                .unauthorized, "key_missing", "send a key: 'Authorization: Bearer KEY'",
                headers: challenge)
        case .keyUnknown:
            Problem(.unauthorized, "key_unknown", "the key is not known", headers: challenge)
        case .keyReadsOnly:
            Problem(.forbidden, "key_reads_only", "the key only reads; use one of role write")
        case .collectionNotAllowed(let name):
            Problem(
                .forbidden, "collection_not_allowed",
                "the key gives no access to the collection '\(name)'")
        case .hostNotAllowed(let host):
            Problem(
                .forbidden, "host_not_allowed",
                "the server does not answer to the host '\(host)'; --allow-host lets it")
        case .originNotAllowed(let origin):
            Problem(
                .forbidden, "origin_not_allowed",
                "pages of \(origin) may not use this server; --allow-origin lets them")
        case .serverReadsOnly:
            Problem(
                .forbidden, "server_reads_only", "the server only reads (--read-only)",
                exitStatus: 73)
        case .tooManyWrites(let limit):
            Problem(
                .serviceUnavailable, "too_many_writes",
                "\(limit) writes are waiting already; try again", exitStatus: 75,
                headers: [.retryAfter: "1"])
        case .embedderBusy(let seconds):
            Problem(
                .tooManyRequests, "embedder_busy",
                "too many texts are waiting to be encoded; try again in \(seconds) s",
                exitStatus: 75, headers: [.retryAfter: "\(seconds)"])
        case .rerankerBusy(let seconds):
            Problem(
                .tooManyRequests, "reranker_busy",
                "too many queries are waiting to be reranked; try again in \(seconds) s",
                exitStatus: 75, headers: [.retryAfter: "\(seconds)"])
        case .shuttingDown:
            Problem(
                .serviceUnavailable, "shutting_down",
                "the server is shutting down; what was acknowledged is stored", exitStatus: 130,
                headers: [.retryAfter: "5", .connection: "close"])
        case .modelUnknown(let name, let known):
            Problem(
                .notFound, "model_not_found",
                "there is no model '\(name)'; there are \(known.joined(separator: ", "))",
                exitStatus: 66, facts: ["param": "model"])
        case .tokensRefused:
            Problem(
                .badRequest, "token_ids_refused",
                "the input has token ids, which belong to another model's vocabulary; send texts: "
                    + "with LangChain set check_embedding_ctx_length=False, or start the server with "
                    + "--token-ids", exitStatus: 64, facts: ["param": "input"])
        case .tokensWithoutText(let param):
            Problem(
                .badRequest, "token_ids_unknown",
                "'\(param)' has a token id that the vocabulary lacks, or ids that are no text",
                exitStatus: 64, facts: ["param": .string(param)])
        case .inputTooLong(let index):
            Problem(
                .badRequest, "input_too_long",
                "input \(index) is longer than the model reads; leave out \"truncate\":false to cut it",
                exitStatus: 64, facts: ["param": "input", "index": .integer(Int64(index))])
        case .noModel(let embedder):
            Problem(
                .notImplemented, "model_unavailable",
                "\(embedder) is not a model that can encode texts by an instruction",
                exitStatus: 69)
        case .noRerankModel:
            Problem(
                .notImplemented, "rerank_model_missing",
                "the server has no model that reranks by question; start it with --rerank-model, or "
                    + "leave out rerank_by", exitStatus: 69, facts: ["param": "rerank_by"])
        default: Problem(.badRequest, "bad_request", "the request cannot be served")
        }
    }

    static func number(_ seconds: Double) -> String {
        Int(exactly: seconds).map(String.init) ?? String(seconds)
    }
}
