import DocumentStore
import FileFormat
import Foundation
import VectorIndex

extension DatabaseError {
    /// What a failure below means to whoever uses the library.
    init(_ error: StoreError) {
        switch error {
        case .missing(let path): self = .databaseMissing(path: path)
        case .notADatabase(let path):
            self = .notADatabase(path: path, reason: "its first bytes are another program's")
        case .newerFormat(let path, let found, let supported):
            self = .newerFormat(path: path, found: "\(found)", supported: "\(supported)")
        case .olderFormat(let path, let found, let supported):
            self = .cannotCreate(
                path: path,
                reason:
                    "it has format \(found), which has to be brought to \(supported), and cannot "
                    + "be written to; copy it to where it can")
        case .cannotOpen(let path, let reason): self = .cannotCreate(path: path, reason: reason)
        case .locked(let path, let seconds):
            self = .locked(path: path, holder: nil, seconds: seconds)
        case .readOnly(let path): self = .readOnly(path: path)
        case .corrupt(let path, let detail): self = .damaged(path: path, reason: detail)
        case .closed(let path): self = .closed(path: path)
        case .diskFull(let path):
            self = .inputOutput(path: path, reason: "the disk is full; free some space and repeat")
        case .io(let path, let detail): self = .inputOutput(path: path, reason: detail)
        case .collectionMissing(let name):
            self = .collectionMissing(name: name, path: "the database")
        case .duplicateID(let id, _): self = .documentExists(id: id, source: nil)
        case .dimensionMismatch(let collection, let expected, let found):
            self = .dimensionMismatch(
                of: "collection '\(collection)'", expected: expected, found: found)
        case .vectorLength(let document, _, let expected, let found):
            self = .dimensionMismatch(
                of: "document '\(document)'", expected: expected, found: found)
        case .vectorNotFinite(let document, _):
            self = .invalidVector(
                of: "document '\(document)'", reason: "it has a number that is not finite")
        case .invalidMetadata(let id):
            self = .invalidDocument(
                id: id, source: nil, reason: "its metadata is not a JSON object")
        case .tooLarge(let id, let bytes, let limit):
            self = .invalidDocument(
                id: id, source: nil, reason: "it has \(bytes) bytes where \(limit) are the limit")
        case .predicateTooLarge(let terms, let limit):
            self = .invalidArgument(
                name: "filter", value: "of \(terms) terms",
                reason: "it is too large or too deep; \(limit) terms are the limit")
        default:
            self = .invalidArgument(
                name: "collection", value: "", reason: error.description)
        }
    }

    init(_ error: FileError) {
        switch error {
        case .system(let operation, let path, let code):
            self = .inputOutput(
                path: path, reason: "cannot \(operation): \(String(cString: strerror(code)))")
        case .truncated(let path, _, _):
            self = .damaged(path: path, reason: error.description)
        case .corruptBlock: self = .damaged(path: "a file", reason: error.description)
        case .tooLarge: self = .inputOutput(path: "a file", reason: error.description)
        case .locked(let path, let holder, let seconds):
            self = .locked(path: path, holder: holder, seconds: seconds)
        }
    }

    init(_ error: SectionFileError) {
        switch error {
        case .file(let error): self.init(error)
        default: self = .damaged(path: "the lexical index", reason: error.description)
        }
    }

    init(_ error: IndexError) {
        switch error {
        case .file(let error): self.init(error)
        case .dimensionMismatch(let expected, let found):
            self = .dimensionMismatch(of: "a vector", expected: expected, found: found)
        case .notFinite:
            self = .invalidVector(of: "a vector", reason: "it has a number that is not finite")
        case .invalidParameter(let name, let value, let allowed):
            self = .invalidArgument(
                name: name, value: "\(value)",
                reason: "must be between \(allowed.lowerBound) and \(allowed.upperBound)")
        default: self = .damaged(path: "the index", reason: error.description)
        }
    }

    /// `error` as an error of this type, where it is known; others, of an application's own
    /// embedder or sequence, pass as they are.
    static func wrap(_ error: any Error) -> any Error {
        switch error {
        case let error as StoreError: DatabaseError(error)
        case let error as FileError: DatabaseError(error)
        case let error as IndexError: DatabaseError(error)
        case let error as SectionFileError: DatabaseError(error)
        default: error
        }
    }
}

/// Runs `body` and turns what the modules below throw into what this one promises.
func rethrowing<Result>(_ body: () throws -> Result) throws -> Result {
    do { return try body() } catch { throw DatabaseError.wrap(error) }
}
