import Foundation

extension DatabaseError: CustomStringConvertible, LocalizedError {
    /// One clause in English that states the error's facts, without a period and without advice.
    public var description: String {
        switch self {
        case .databaseMissing(let path): "\(path): there is no database here"
        case .collectionMissing(let name, let path): "\(path): there is no collection '\(name)'"
        case .collectionExists(let name): "there is a collection '\(name)' already"
        case .documentsMissing(let ids): "no document \(Self.list(ids))"
        case .cannotCreate(let path, let reason): "\(path): cannot be created: \(reason)"
        case .notADatabase(let path, let found): "\(path): \(found)"
        case .newerFormat(let path, let found, let supported):
            "\(path): has format \(found), and this version reads up to \(supported)"
        case .olderFormat(let path, let found, let supported):
            "\(path): has format \(found), which must be migrated to \(supported), but cannot be "
                + "written to"
        case .damaged(let path, let reason): "\(path): is damaged: \(reason)"
        case .diskFull(let path): "\(path): the disk is full"
        case .inputOutput(let path, let reason): "\(path): \(reason)"
        case .readOnly(let path): "\(path): is opened for reading only"
        case .closed(let path): "\(path): the database has been closed"
        case .moved(let path): "\(path): was moved or deleted while it was in use"
        case .locked(let path, let holder, let seconds):
            "\(path): \(holder ?? "another process") is writing and did not finish within "
                + "\(Self.number(seconds)) s"
        case .invalidURI(let reason): "the URI of the database \(reason)"
        case .storeUnavailable(let path, let reason): "\(path): \(reason)"
        case .notPermitted(let path, let reason): "\(path): \(reason)"
        case .connectionLost(let path, let reason, let seconds):
            "\(path): the connection was lost, and none could be made for "
                + "\(Self.number(seconds)) s: \(reason)"
        default: identityDescription
        }
    }

    private var identityDescription: String {
        switch self {
        case .embedderMismatch(let collection, let recorded, let given):
            "collection '\(collection)' was encoded by \(Self.describe(recorded)), "
                + "not by \(Self.describe(given))"
        case .noRecordedEmbedder(let collection, let given):
            "collection '\(collection)' holds ready-made vectors, which \(Self.describe(given)) "
                + "did not make"
        case .metricMismatch(let collection, let recorded, let given):
            "collection '\(collection)' has the metric \(recorded.rawValue), not "
                + given.rawValue
        case .dimensionMismatch(let subject, let expected, let found):
            "\(subject): the vector has \(found) dimensions, but \(expected) are needed"
        case .embedderMissing(let collection, let recorded?):
            "collection '\(collection)' needs \(Self.describe(recorded)), which was not found"
        case .embedderMissing(let collection, nil):
            "collection '\(collection)' has no model, and none was given"
        case .embedderUnavailable(let path, let reason):
            "\(path): the model cannot be loaded: \(reason)"
        case .cannotRerank(let embedder):
            "\(embedder) cannot score documents, and so cannot re-rank"
        case .cannotCompareTokens(let embedder):
            "\(embedder) has no vectors of single tokens to compare"
        default: inputDescription
        }
    }

    private var inputDescription: String {
        switch self {
        case .invalidVector(let subject, let fault):
            "\(subject): the vector cannot be used: \(fault)"
        case .invalidDocument(let id, let source, let fault):
            Self.place(source) + "document '\(id)' cannot be stored: \(fault)"
        case .documentExists(let id, let source):
            Self.place(source) + "document '\(id)' exists already"
        case .sourceEmptied(let path, let documents):
            "\(path): has no documents any more, and \(documents) of it are stored; none was deleted"
        case .tooManyDeletions(let documents, let total):
            "\(documents) of \(total) stored documents no longer have a file; none was deleted"
        case .outOfRange(let parameter, let value, let allowed):
            "\(parameter) must be \(allowed), not \(value)"
        case .invalidCollectionName(let name):
            "collection '\(name)': a name has 1 to 120 letters or digits; other characters count "
                + "three or more"
        case .wordsOnly(let collection): "collection '\(collection)' has words only, no vectors"
        case .vectorsNeeded(let collection):
            "collection '\(collection)' has vectors, so documents without vectors cannot be added"
        case .textNeeded(let purpose): "\(purpose) needs a text beside the vector"
        case .filterTooLarge(let limit):
            "the filter is too large or too deeply nested; the limit is \(limit) terms"
        case .embedderWithoutDimensions(let name): "the embedder '\(name)' has no dimensions"
        case .conflict(let fact): fact
        case .workLost(let unit): "\(unit): another worker has taken it"
        case .filesDiffer(let job, let path, .changed):
            "\(path): is not the file with which job '\(job)' was registered"
        case .filesDiffer(let job, let path, .added):
            "\(path): is not among the files with which job '\(job)' was registered"
        case .filesDiffer(let job, let path, .missing):
            "\(path): is missing here, but job '\(job)' was registered with it"
        case .jobDiffers(let job, let options):
            "job '\(job)' was registered with other options: \(options.joined(separator: ", "))"
        case .encodingFailed(let embedder, let reason): "\(embedder) cannot encode: \(reason)"
        default: "\(kind)"
        }
    }

    /// ``description``, for Foundation's `localizedDescription`.
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
        Int(exactly: seconds).map(String.init) ?? String(seconds)
    }
}

extension DatabaseError.ForeignFile: CustomStringConvertible {
    /// The predicate of a sentence about the file: `is a folder`.
    public var description: String {
        switch self {
        case .folder: "is a folder"
        case .notAFile: "is not a file"
        case .otherTables: "is not a vdb database: its schema has tables of another program"
        case .other: "is not a vdb database: its first bytes are another program's"
        case .withoutLog:
            "holds nothing: its write-ahead log was not copied, or nothing was ever written to it"
        }
    }
}

extension DatabaseError.VectorFault: CustomStringConvertible {
    /// A clause about the vector: `it is empty`.
    public var description: String {
        switch self {
        case .empty: "it is empty"
        case .notFinite(let index?): "its component \(index + 1) is not finite"
        case .notFinite(nil): "it has a component that is not finite"
        case .tooLong: "it is so long that scores would overflow"
        case .beyondHalf:
            "it has a component beyond 65,504, which a graph in PostgreSQL cannot hold"
        }
    }
}

extension DatabaseError.DocumentFault: CustomStringConvertible {
    /// A clause about the document: `its id is empty`.
    public var description: String {
        switch self {
        case .emptyID: "its id is empty"
        case .containsNUL: "its id, title or source has a NUL character"
        case .metadataContainsNUL: "its metadata has a NUL character"
        case .metadataNotObject: "its metadata is not a JSON object"
        case .tooLarge(let bytes, let limit): "it has \(bytes) bytes; the limit is \(limit)"
        }
    }
}
