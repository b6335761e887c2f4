import FileFormat
import Foundation
import Storage
import VectorIndex

extension DatabaseError {
    /// Translates an error of the store into one that users of the library see.
    init(_ error: StoreError) {
        switch error {
        case .missing(let path): self = .databaseMissing(path: path)
        case .notADatabase(let path):
            self = .notADatabase(path: path, found: ForeignFile(at: path))
        case .newerFormat(let path, let found, let supported):
            self = .newerFormat(path: path, found: "\(found)", supported: "\(supported)")
        case .olderFormat(let path, let found, let supported):
            self = .olderFormat(path: path, found: found, supported: supported)
        case .cannotOpen(let path, let reason): self = .cannotCreate(path: path, reason: reason)
        case .locked(let path, let seconds):
            self = .locked(path: path, holder: nil, seconds: seconds)
        case .readOnly(let path): self = .readOnly(path: path)
        case .corrupt(let path, let detail): self = .damaged(path: path, reason: detail)
        case .closed(let path): self = .closed(path: path)
        case .moved(let path): self = .moved(path: path)
        case .withoutLog(let path): self = .notADatabase(path: path, found: .withoutLog)
        case .unavailable(let path, let reason):
            self = .storeUnavailable(path: path, reason: reason)
        case .notPermitted(let path, let reason): self = .notPermitted(path: path, reason: reason)
        case .connectionLost(let path, let reason, let seconds):
            self = .connectionLost(path: path, reason: reason, seconds: seconds)
        case .diskFull(let path): self = .diskFull(path: path)
        case .io(let path, let detail): self = .inputOutput(path: path, reason: detail)
        case .collectionMissing(let name):
            self = .collectionMissing(name: name, path: "the database")
        case .collectionExists(let name): self = .collectionExists(name: name)
        case .duplicateID(let id, _): self = .documentExists(id: id, source: nil)
        case .dimensionMismatch(let collection, let expected, let found):
            self = .dimensionMismatch(
                of: "collection '\(collection)'", expected: expected, found: found)
        case .vectorLength(let document, _, let expected, let found):
            self = .dimensionMismatch(
                of: "document '\(document)'", expected: expected, found: found)
        case .vectorNotFinite(let document, _):
            self = .invalidVector(of: "document '\(document)'", fault: .notFinite(index: nil))
        case .invalidMetadata(let id):
            self = .invalidDocument(id: id, source: nil, fault: .metadataNotObject)
        case .vectorTooLarge(let document):
            self = .invalidVector(of: "document '\(document)'", fault: .beyondHalf)
        case .nulInMetadata(let id):
            self = .invalidDocument(id: id, source: nil, fault: .metadataContainsNUL)
        case .invalidName(let id):
            self = .invalidDocument(
                id: id, source: nil, fault: id.isEmpty ? .emptyID : .containsNUL)
        case .tooLarge(let id, let bytes, let limit):
            self = .invalidDocument(
                id: id, source: nil, fault: .tooLarge(bytes: bytes, limit: limit))
        case .workLost(let unit): self = .workLost(unit: unit)
        case .unitDiffers(let job, let path, let difference):
            self = .filesDiffer(job: job, path: path, difference: .init(difference))
        case .predicateTooLarge(_, let limit): self = .filterTooLarge(limit: limit)
        default: self = .conflict(error.description)
        }
    }

    init(_ error: FileError) {
        switch error {
        case .system(let operation, let path, let code):
            self = .inputOutput(
                path: path, reason: "cannot \(operation): \(String(cString: strerror(code)))")
        case .truncated(let path, _, _), .gitPointer(let path):
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
            self = .invalidVector(of: "a vector", fault: .notFinite(index: nil))
        case .invalidParameter(let name, let value, let allowed):
            self = .outOfRange(
                parameter: name, value: "\(value)",
                allowed: "\(allowed.lowerBound) to \(allowed.upperBound)")
        default: self = .damaged(path: "the index", reason: error.description)
        }
    }

    /// Translates errors of the modules below into this type. Others, such as those of an
    /// application's own sequence, are passed on unchanged.
    package static func wrap(_ error: any Error) -> any Error {
        switch error {
        case StoreError.cancelled: CancellationError()
        case let error as StoreError: DatabaseError(error)
        case let error as FileError: DatabaseError(error)
        case let error as IndexError: DatabaseError(error)
        case let error as SectionFileError: DatabaseError(error)
        default: error
        }
    }
}

extension DatabaseError.FileDifference {
    fileprivate init(_ difference: StoreError.UnitDifference) {
        self =
            switch difference {
            case .changed: .changed
            case .added: .added
            case .missing: .missing
            }
    }
}

extension DatabaseError.ForeignFile {
    /// Finds out what is at a path where the store found no database.
    fileprivate init(at path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            self = path.contains("://") ? .otherTables : .other
            return
        }
        switch status.st_mode & S_IFMT {
        case S_IFDIR: self = .folder
        case S_IFREG: self = .other
        default: self = .notAFile
        }
    }
}

/// Runs `body` and translates errors of the modules below into ``DatabaseError``.
package func rethrowing<Result>(_ body: () throws -> Result) throws -> Result {
    do { return try body() } catch { throw DatabaseError.wrap(error) }
}
