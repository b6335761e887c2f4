import Foundation

extension DatabaseError: CustomStringConvertible, LocalizedError {
    public var description: String {
        switch self {
        case .databaseMissing(let path):
            "\(path): there is no database here; ingest something to make one"
        case .collectionMissing(let name, let path):
            "\(path): there is no collection '\(name)'; ingest something into it to make it"
        case .documentsMissing(let ids):
            "no document \(Self.list(ids))"
        case .cannotCreate(let path, let reason):
            "\(path): cannot be created: \(reason)"
        case .notADatabase(let path, let reason):
            "\(path): is not a vdb database (\(reason)); choose another file"
        case .newerFormat(let path, let found, let supported):
            "\(path): has format \(found) and this version reads up to \(supported); update vdb"
        case .damaged(let path, let reason):
            "\(path): is damaged: \(reason); run 'vdb check', or restore a backup"
        case .inputOutput(let path, let reason):
            "\(path): \(reason)"
        case .readOnly(let path):
            "\(path): is opened for reading only; check its permissions and its folder's"
        case .closed(let path):
            "\(path): the database has been closed"
        case .locked(let path, let holder, let seconds):
            "\(path): \(holder ?? "another process") is writing and did not finish within "
                + "\(Self.number(seconds)) s; try again when it has"
        default: identityDescription
        }
    }

    private var identityDescription: String {
        switch self {
        case .embedderMismatch(let collection, let recorded, let given):
            "collection '\(collection)' was encoded by \(Self.describe(recorded)), "
                + "not by \(Self.describe(given)); use the recorded model, or re-encode with "
                + "'vdb reindex --model'"
        case .noRecordedEmbedder(let collection, let given):
            "collection '\(collection)' holds ready-made vectors, which \(Self.describe(given)) "
                + "did not make; give vectors, or re-encode with 'vdb reindex --model'"
        case .metricMismatch(let collection, let recorded, let given):
            "collection '\(collection)' has the metric \(recorded.rawValue), not "
                + "\(given.rawValue); leave the metric out, or use another collection"
        case .dimensionMismatch(let subject, let expected, let found):
            "\(subject): the vector has \(found) dimensions where \(expected) are needed"
        case .embedderMissing(let collection, let recorded?):
            "collection '\(collection)' needs \(Self.describe(recorded)), which is not at hand; "
                + "name its folder with --model"
        case .embedderMissing(let collection, nil):
            "collection '\(collection)' has no model and none is at hand; name a model's folder "
                + "with --model, or give vectors"
        case .embedderUnavailable(let path, let reason):
            "\(path): the model cannot be loaded: \(reason)"
        case .cannotRerank(let embedder):
            "\(embedder) gives no probabilities to re-rank by; leave --rerank out, or use an "
                + "autoregressive model"
        default: inputDescription
        }
    }

    private var inputDescription: String {
        switch self {
        case .invalidVector(let subject, let reason):
            "\(subject): the vector cannot be used: \(reason)"
        case .invalidDocument(let id, let source, let reason):
            Self.place(source) + "document '\(id)' cannot be stored: \(reason)"
        case .documentExists(let id, let source):
            Self.place(source) + "document '\(id)' exists already; ingest with "
                + "--on-conflict replace or skip, or use another identifier"
        case .invalidArgument(let name, let value, let reason):
            "\(name) \(value): \(reason)"
        case .encodingFailed(let embedder, let reason):
            "\(embedder) cannot encode: \(reason)"
        default: "\(kind)"
        }
    }

    public var errorDescription: String? { description }

    private static func place(_ source: Document.Source?) -> String {
        source.map { "\($0.path):\($0.position): " } ?? ""
    }

    private static func describe(_ identity: EmbedderIdentity) -> String {
        "'\(identity.name)' (\(identity.dimensions) dimensions, "
            + "fingerprint \(identity.fingerprint.prefix(12)))"
    }

    private static func list(_ ids: [String]) -> String {
        let shown = ids.prefix(5).map { "'\($0)'" }.joined(separator: ", ")
        return ids.count > 5 ? "\(shown) and \(ids.count - 5) more" : shown
    }

    private static func number(_ seconds: Double) -> String {
        seconds == seconds.rounded() ? String(Int(seconds)) : String(seconds)
    }
}
