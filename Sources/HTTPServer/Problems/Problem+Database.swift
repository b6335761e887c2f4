import AutoRegEmbed
import HTTPTypes
import JSON
import VectorDatabase

extension Problem {
    /// The problem for any error; errors that say nothing to a client become an internal error.
    init(for error: any Error) {
        self =
            switch error {
            case let error as Problem: error
            case let error as RequestFailure: Problem(error)
            case let error as DatabaseError: Problem(error)
            case let error as SourceError: Problem(error)
            case let error as FilterError:
                Problem(
                    .badRequest, "filter_malformed",
                    "where, column \(error.column): expected \(error.expected), found \(error.found)",
                    exitStatus: 64,
                    facts: [
                        "param": "where", "column": .integer(Int64(error.column)),
                        "expected": .string(error.expected), "found": .string(error.found),
                    ])
            case is CancellationError: Problem(RequestFailure.shuttingDown)
            default:
                Problem(
                    .internalServerError, "internal_error",
                    "the request failed inside of the server; its log says more", exitStatus: 74)
            }
    }

    init(_ error: DatabaseError) {
        let (code, status) = Self.codeAndStatus(of: error)
        var headers: HTTPFields = [:]
        if status == .serviceUnavailable { headers[.retryAfter] = "1" }
        self.init(
            status, code,
            [Self.fact(of: error), Self.remedy(for: error)].compactMap { $0 }
                .joined(separator: "; "),
            exitStatus: Self.exitStatus(of: error.kind), facts: Self.facts(of: error),
            headers: headers)
    }

    static func exitStatus(of kind: DatabaseError.Kind) -> Int {
        switch kind {
        case .usage: 64
        case .badData: 65
        case .missing: 66
        case .unavailable: 69
        case .cannotCreate: 73
        case .inputOutput: 74
        case .temporary: 75
        }
    }

    private static func codeAndStatus(
        of error: DatabaseError
    ) -> (code: String, status: HTTPResponse.Status) {
        switch error {
        case .databaseMissing: ("database_missing", .internalServerError)
        case .collectionMissing: ("collection_missing", .notFound)
        case .collectionExists: ("collection_exists", .conflict)
        case .documentsMissing: ("documents_missing", .notFound)
        case .cannotCreate: ("cannot_create", .internalServerError)
        case .notADatabase: ("not_a_database", .internalServerError)
        case .newerFormat: ("newer_format", .internalServerError)
        case .olderFormat: ("older_format", .internalServerError)
        case .damaged: ("damaged", .internalServerError)
        case .diskFull: ("disk_full", .insufficientStorage)
        case .inputOutput: ("input_output", .internalServerError)
        case .readOnly: ("read_only", .forbidden)
        case .closed: ("closed", .serviceUnavailable)
        case .moved: ("moved", .internalServerError)
        case .locked: ("locked", .serviceUnavailable)
        case .invalidURI: ("invalid_uri", .internalServerError)
        case .storeUnavailable: ("store_unavailable", .serviceUnavailable)
        case .notPermitted: ("not_permitted", .internalServerError)
        case .connectionLost: ("connection_lost", .serviceUnavailable)
        case .embedderMismatch: ("embedder_mismatch", .conflict)
        case .noRecordedEmbedder: ("no_recorded_embedder", .conflict)
        case .metricMismatch: ("metric_mismatch", .conflict)
        case .dimensionMismatch: ("dimension_mismatch", .conflict)
        case .embedderMissing: ("embedder_missing", .notImplemented)
        case .embedderUnavailable: ("embedder_unavailable", .notImplemented)
        case .cannotRerank: ("cannot_rerank", .notImplemented)
        case .cannotCompareTokens: ("cannot_compare_tokens", .notImplemented)
        case .invalidVector: ("invalid_vector", .unprocessableContent)
        case .invalidDocument: ("invalid_document", .unprocessableContent)
        case .documentExists: ("document_exists", .conflict)
        case .sourceEmptied: ("source_emptied", .conflict)
        case .tooManyDeletions: ("too_many_deletions", .conflict)
        case .workLost: ("work_lost", .conflict)
        case .filesDiffer: ("files_differ", .conflict)
        case .jobDiffers: ("job_differs", .conflict)
        case .outOfRange: ("out_of_range", .badRequest)
        case .invalidCollectionName: ("invalid_collection_name", .badRequest)
        case .wordsOnly: ("words_only", .badRequest)
        case .vectorsNeeded: ("vectors_needed", .badRequest)
        case .textNeeded: ("text_needed", .badRequest)
        case .filterTooLarge: ("filter_too_large", .badRequest)
        case .embedderWithoutDimensions: ("embedder_without_dimensions", .notImplemented)
        case .conflict: ("conflict", .conflict)
        case .encodingFailed: ("encoding_failed", .unprocessableContent)
        }
    }

    /// What is wrong, without paths of the server's machine: those are in its log.
    private static func fact(of error: DatabaseError) -> String {
        switch error {
        case .collectionMissing(let name, _): "there is no collection '\(name)'"
        case .databaseMissing: "the database's file is gone"
        case .cannotCreate: "the database cannot be created"
        case .notADatabase: "the file is not a database"
        case .newerFormat(_, let found, let supported):
            "the database has format \(found), and this version reads up to \(supported)"
        case .olderFormat: "the database has an older format and cannot be migrated"
        case .damaged: "the database is damaged"
        case .diskFull: "the disk is full"
        case .inputOutput: "reading or writing the database failed"
        case .readOnly: "the database is opened for reading only"
        case .closed: "the server is shutting down"
        case .moved: "the database's file was moved or deleted"
        case .locked(_, _, let seconds):
            "another process is writing and did not finish within \(number(seconds)) s"
        case .storeUnavailable: "the database's server is unavailable or lacks what is needed"
        case .notPermitted: "the database's server does not permit it"
        case .connectionLost(_, _, let seconds):
            "the connection to the database's server was lost for \(number(seconds)) s"
        case .embedderUnavailable: "the collection's model cannot be loaded"
        case .textNeeded(for: "token weight"): "token_weight needs a query beside the vector"
        default: error.description
        }
    }

    private static func remedy(for error: DatabaseError) -> String? {
        switch error {
        case .collectionMissing:
            "GET /v1/collections lists them, and PUT or the first document creates one"
        case .locked, .connectionLost: "try again"
        case .diskFull: "nothing of this commit is stored; free some space on the server"
        case .metricMismatch: "leave out the metric, or use another collection"
        case .embedderMissing(_, .some), .embedderUnavailable:
            "mode lexical needs no model; start the server with --model"
        case .embedderMissing(_, nil): "send vectors, or start the server with --model"
        case .noRecordedEmbedder: "send vectors"
        case .cannotRerank: "leave out rerank, or start the server with --rerank-model"
        case .cannotCompareTokens: "leave out token_weight"
        case .documentExists: "pass on_conflict=replace or skip, or another id"
        case .invalidDocument(_, _, .tooLarge): "split it"
        case .wordsOnly: "pass mode lexical"
        case .vectorsNeeded: "use another collection, or let a model encode them"
        case .damaged: "run 'vdb check', or restore a backup"
        case .inputOutput, .cannotCreate, .moved, .databaseMissing, .storeUnavailable,
            .notPermitted:
            "the server's log says more"
        default: nil
        }
    }

    private static func facts(of error: DatabaseError) -> JSONObject {
        switch error {
        case .dimensionMismatch(_, let expected, let found):
            ["expected": .integer(Int64(expected)), "found": .integer(Int64(found))]
        case .metricMismatch(_, let recorded, let given):
            ["expected": .string(recorded.rawValue), "found": .string(given.rawValue)]
        case .embedderMismatch(_, let recorded, let given):
            ["expected": .string(recorded.fingerprint), "found": .string(given.fingerprint)]
        case .outOfRange(let parameter, let value, let allowed):
            [
                "param": .string(parameter), "expected": .string(allowed),
                "found": .string(value),
            ]
        case .textNeeded(for: "token weight"): ["param": "token_weight"]
        case .documentsMissing(let ids): ["ids": .array(ids.prefix(100).map { .string($0) })]
        case .documentExists(let id, _), .invalidDocument(let id, _, _): ["id": .string(id)]
        default: [:]
        }
    }

    init(_ error: SourceError) {
        var facts: JSONObject = [:]
        if let line = error.line { facts["line"] = .integer(Int64(line)) }
        let code: String
        switch error {
        case .notUTF8: code = "not_utf8"
        case .containsNUL: code = "contains_nul"
        case .recordTooLong: code = "record_too_long"
        case .malformed: code = "malformed"
        case .missingField(_, _, let field, _):
            code = "missing_field"
            facts["param"] = .string(field)
        case .wrongType(_, _, let field, let expected, let found):
            code = "wrong_type"
            facts["param"] = .string(field)
            facts["expected"] = .string(expected)
            facts["found"] = .string(found)
        default: code = "unreadable"
        }
        self.init(
            .unprocessableContent, code, error.description, exitStatus: 65, facts: facts)
    }
}
