import Foundation

/// Why a store operation failed, as facts. `description` states them; advice is left to the
/// application.
package enum StoreError: Error, Equatable, Sendable {
    // The file.
    case missing(path: String)
    case notADatabase(path: String)
    case newerFormat(path: String, found: Int, supported: Int)
    /// The file cannot be written to and so not be migrated.
    case olderFormat(path: String, found: Int, supported: Int)
    case cannotOpen(path: String, reason: String)
    /// Another writer held the lock for longer than the busy timeout.
    case locked(path: String, seconds: Double)
    case readOnly(path: String)
    case diskFull(path: String)
    case corrupt(path: String, detail: String)
    case io(path: String, detail: String)
    case closed(path: String)
    /// The path no longer names the file that is open.
    case moved(path: String)
    /// A file without content, whose write-ahead log is missing.
    case withoutLog(path: String)
    /// A server, or what is needed to reach it, is not there or too old.
    case unavailable(path: String, reason: String)
    /// The server does not permit it.
    case notPermitted(path: String, reason: String)
    /// The connection was lost, and for `seconds` no transaction could be completed.
    case connectionLost(path: String, reason: String, seconds: Double)
    /// The task was cancelled.
    case cancelled

    // Collections and identity.
    case collectionMissing(name: String)
    case collectionExists(name: String)
    case fingerprintMismatch(collection: String, expected: String, found: String)
    case dimensionMismatch(collection: String, expected: Int, found: Int)

    // Documents.
    case duplicateID(id: String, collection: String)
    /// A passage whose vector has another length than the collection's.
    case vectorLength(document: String, passage: Int, expected: Int, found: Int)
    case vectorNotFinite(document: String, passage: Int)
    /// A component beyond 65,504, which a graph of the store cannot hold.
    case vectorTooLarge(document: String)
    case invalidMetadata(document: String)
    /// A NUL character in metadata, in a store that cannot hold it.
    case nulInMetadata(document: String)
    /// An empty id, or a NUL character in an id, title or source.
    case invalidName(document: String)
    case tooLarge(document: String, bytes: Int, limit: Int)

    // Shared work.
    /// Another worker has taken the unit, or it is not taken any more.
    case workLost(unit: String)
    /// A worker's files are not those with which the job was registered.
    case unitDiffers(job: String, path: String, difference: UnitDifference)
    /// The job was registered with other settings.
    case jobDiffers(job: String, registered: String, given: String)

    // Places.
    /// The places are on a server already, or a collection has one of them. `by` names it.
    case placesTaken(places: [Int], by: String)

    // Filters.
    case predicateTooLarge(terms: Int, limit: Int)

    // Change log and re-encoding.
    /// The changes after `position` have been pruned. Followers of the log must start over.
    case changesPruned(collection: String, position: Int64, prunedThrough: Int64)
    case nothingStaged(collection: String)
    case alreadyStaged(collection: String, fingerprint: String)
    case stagingIncomplete(collection: String, missing: Int)

    /// How a worker's files differ from those of its job.
    package enum UnitDifference: Sendable, Equatable {
        /// The job has another version of the file.
        case changed
        /// The job does not have the file.
        case added
        /// The worker does not have the file.
        case missing
    }
}

extension StoreError: CustomStringConvertible, LocalizedError {
    package var description: String {
        switch self {
        case .missing(let path):
            "\(path): there is no database here"
        case .notADatabase(let path):
            "\(path): is not a vdb database"
        case .newerFormat(let path, let found, let supported):
            "\(path): has format \(found), and this version reads up to \(supported)"
        case .olderFormat(let path, let found, let supported):
            "\(path): has format \(found), which must be migrated to \(supported), but cannot be "
                + "written to"
        case .cannotOpen(let path, let reason):
            "\(path): cannot be opened: \(reason)"
        case .locked(let path, let seconds):
            "\(path): locked by another writer for more than \(seconds) s"
        case .readOnly(let path):
            "\(path): cannot be written to"
        case .diskFull(let path):
            "\(path): the disk is full"
        case .corrupt(let path, let detail):
            "\(path): is damaged: \(detail)"
        case .io(let path, let detail):
            "\(path): \(detail)"
        case .closed(let path):
            "\(path): used after it was closed"
        case .moved(let path):
            "\(path): was moved or deleted while it was open"
        case .withoutLog(let path):
            "\(path): its write-ahead log is missing"
        case .connectionLost(let path, let reason, let seconds):
            "\(path): the connection was lost, and none could be made for \(seconds) s: \(reason)"
        case .unavailable(let path, let reason), .notPermitted(let path, let reason):
            "\(path): \(reason)"
        case .cancelled:
            "the task was cancelled"
        case .collectionMissing(let name):
            "there is no collection \"\(name)\" in this database"
        case .collectionExists(let name):
            "there is already a collection \"\(name)\" in this database"
        case .fingerprintMismatch(let collection, let expected, let found):
            "collection \"\(collection)\" was encoded by the model \(expected), this is \(found)"
        case .dimensionMismatch(let collection, let expected, let found):
            "collection \"\(collection)\" has vectors of \(expected) dimensions, these have \(found)"
        case .duplicateID(let id, let collection):
            "document \"\(id)\" is already in collection \"\(collection)\""
        case .vectorLength(let document, let passage, let expected, let found):
            "document \"\(document)\", passage \(passage): the vector has \(found) "
                + "dimensions, but the collection has \(expected)"
        case .vectorNotFinite(let document, let passage):
            "document \"\(document)\", passage \(passage): its vector has a component that is not finite"
        case .vectorTooLarge(let document):
            "document \"\(document)\": its vector has a component beyond 65,504"
        case .nulInMetadata(let document):
            "document \"\(document)\": its metadata has a NUL character"
        case .invalidMetadata(let document):
            "document \"\(document)\": its metadata is not a JSON object"
        case .invalidName(let document):
            "document \"\(document)\": an empty id, or a NUL character in its id, title or source"
        case .tooLarge(let document, let bytes, let limit):
            "document \"\(document)\": it has \(bytes) bytes; the limit is \(limit)"
        case .workLost(let unit):
            "\(unit): another worker has taken it"
        case .unitDiffers(let job, let path, let difference):
            "\(path): " + difference.sentence(job: job)
        case .jobDiffers(let job, let registered, let given):
            "job '\(job)' was registered with other options: \(registered), not \(given)"
        case .placesTaken(let places, let other):
            places.count == 1
                ? "place \(places[0]) is taken by \(other)"
                : "places \(places.map(String.init).joined(separator: ", ")) are taken by \(other)"
        case .predicateTooLarge(let terms, let limit):
            "the filter has \(terms) comparisons and values, or is nested too deeply; the limit is \(limit)"
        case .changesPruned(let collection, let position, let prunedThrough):
            "collection \"\(collection)\": the change log starts after \(prunedThrough), "
                + "\(position) is no longer in it"
        case .nothingStaged(let collection):
            "collection \"\(collection)\" is not being re-encoded"
        case .alreadyStaged(let collection, let fingerprint):
            "collection \"\(collection)\" is already being re-encoded by the model \(fingerprint)"
        case .stagingIncomplete(let collection, let missing):
            "collection \"\(collection)\": \(missing) passages have not been re-encoded yet"
        }
    }

    package var errorDescription: String? { description }
}

extension StoreError.UnitDifference {
    /// A predicate about the file.
    package func sentence(job: String) -> String {
        switch self {
        case .changed: "is not the file with which job '\(job)' was registered"
        case .added: "is not among the files with which job '\(job)' was registered"
        case .missing: "is missing here, but job '\(job)' was registered with it"
        }
    }
}
