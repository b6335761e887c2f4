/// What a database could not do, as facts. `description` states them; what to do about them is for
/// the application to say.
///
/// ``kind`` sorts the cases for programs that only need to know who has to act: caller, user or
/// operator.
public enum DatabaseError: Error, Sendable, Equatable {
    // A thing that is not there.
    case databaseMissing(path: String)
    case collectionMissing(name: String, path: String)
    case documentsMissing(ids: [String])

    // The file.
    case cannotCreate(path: String, reason: String)
    case notADatabase(path: String, found: ForeignFile)
    case newerFormat(path: String, found: String, supported: String)
    /// It has an older format, and cannot be written to and so not be migrated.
    case olderFormat(path: String, found: Int, supported: Int)
    case damaged(path: String, reason: String)
    case diskFull(path: String)
    case inputOutput(path: String, reason: String)
    case readOnly(path: String)
    case closed(path: String)
    /// It was moved or deleted while it was open: what was written last is not where the path says.
    case moved(path: String)
    /// Another writer holds the database, and still did after `seconds`.
    case locked(path: String, holder: String?, seconds: Double)

    // Identity.
    /// The collection's vectors were made by another embedder than the given one.
    case embedderMismatch(collection: String, recorded: EmbedderIdentity, given: EmbedderIdentity)
    /// The collection holds ready-made vectors: no embedder made them, none can ask them.
    case noRecordedEmbedder(collection: String, given: EmbedderIdentity)
    case metricMismatch(collection: String, recorded: Metric, given: Metric)
    case dimensionMismatch(of: String, expected: Int, found: Int)
    /// No embedder was found for the collection, whose recorded one is named.
    case embedderMissing(collection: String, recorded: EmbedderIdentity?)
    case embedderUnavailable(path: String, reason: String)
    /// Re-ranking was asked for, with an embedder that gives no probabilities.
    case cannotRerank(embedder: String)

    // Input.
    case invalidVector(of: String, fault: VectorFault)
    case invalidDocument(id: String, source: Document.Source?, fault: DocumentFault)
    case documentExists(id: String, source: Document.Source?)
    /// A parameter of a call has a value that it cannot have; `allowed` completes "must be …".
    case outOfRange(parameter: String, value: String, allowed: String)
    /// A collection's name is part of file names: 1 to 120 bytes, where bytes other than ASCII
    /// letters, digits, `.` and `_` count three each.
    case invalidCollectionName(String)
    /// A search by vectors in a collection that has none.
    case wordsOnly(collection: String)
    /// Documents without vectors for a collection whose documents have them.
    case vectorsNeeded(collection: String)
    /// A query by a vector alone, for what compares words.
    case textNeeded(for: String)
    case filterTooLarge(limit: Int)
    case embedderWithoutDimensions(name: String)
    /// The call contradicts the state of the database, which another call has changed.
    case conflict(String)
    /// The embedder failed, or answered with another number of embeddings than it was asked for.
    case encodingFailed(embedder: String, reason: String)

    /// What a path that is no database holds.
    public enum ForeignFile: Sendable, Equatable {
        case folder
        /// A device, a pipe or the like.
        case notAFile
        /// A file of another program.
        case other
        /// A database without content: a copy whose write-ahead log, which holds it, was left behind;
        /// or one whose making was interrupted.
        case withoutLog
    }

    /// Why a vector cannot be used.
    public enum VectorFault: Sendable, Equatable {
        case empty
        /// The number at `index`, counted from 0; `nil` if that is not known.
        case notFinite(index: Int?)
        /// Its scores would overflow: the sum of its numbers' squares exceeds 4.25e37.
        case tooLong
    }

    /// Why a document cannot be stored.
    public enum DocumentFault: Sendable, Equatable {
        case emptyID
        /// A NUL character in its id, title or source.
        case containsNUL
        case metadataNotObject
        case tooLarge(bytes: Int, limit: Int)
    }

    /// What a caller can do about an error.
    public enum Kind: Sendable, CaseIterable {
        /// The call itself is wrong.
        case usage
        /// Data or a model does not fit.
        case badData
        /// A file, collection or document is not there.
        case missing
        /// Something needed was not found or cannot be used.
        case unavailable
        /// A file cannot be made.
        case cannotCreate
        /// Reading or writing failed.
        case inputOutput
        /// It may work another time.
        case temporary
    }

    public var kind: Kind {
        switch self {
        case .outOfRange, .invalidCollectionName, .wordsOnly, .vectorsNeeded, .textNeeded,
            .filterTooLarge, .embedderWithoutDimensions, .conflict, .closed:
            .usage
        case .notADatabase(_, .withoutLog): .missing
        case .notADatabase, .newerFormat, .damaged, .embedderMismatch, .noRecordedEmbedder,
            .metricMismatch, .dimensionMismatch, .invalidVector, .invalidDocument,
            .documentExists, .encodingFailed:
            .badData
        case .databaseMissing, .collectionMissing, .documentsMissing: .missing
        case .embedderMissing, .embedderUnavailable, .cannotRerank: .unavailable
        case .cannotCreate, .readOnly, .olderFormat: .cannotCreate
        case .inputOutput, .diskFull, .moved: .inputOutput
        case .locked: .temporary
        }
    }
}
