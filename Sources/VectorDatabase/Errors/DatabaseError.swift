/// Why a database operation failed, as facts. `description` states them; advice is left to the
/// application.
///
/// ``kind`` groups the cases for programs that only need to know who has to act: caller, user or
/// operator.
public enum DatabaseError: Error, Sendable, Equatable {
    // Missing things.
    /// There is no database at the path.
    case databaseMissing(path: String)
    /// The database has no collection of this name.
    case collectionMissing(name: String, path: String)
    /// The database has a collection of this name, and should get another one.
    case collectionExists(name: String)
    /// The collection has no documents with these ids.
    case documentsMissing(ids: [String])

    // The file.
    /// The file could not be created or opened.
    case cannotCreate(path: String, reason: String)
    /// There is something else than a vdb database at the path.
    case notADatabase(path: String, found: ForeignFile)
    /// The database was written by a later version, in a format that this one cannot read.
    case newerFormat(path: String, found: String, supported: String)
    /// The database has an older format and cannot be migrated, because it cannot be written to.
    case olderFormat(path: String, found: Int, supported: Int)
    /// A row, a table or a file contradicts its checksum or its structure.
    case damaged(path: String, reason: String)
    /// The disk is full. The transaction was rolled back.
    case diskFull(path: String)
    /// Reading or writing the file failed.
    case inputOutput(path: String, reason: String)
    /// The file or its folder cannot be written to, or the database was opened for reading only.
    case readOnly(path: String)
    /// The database has been closed.
    case closed(path: String)
    /// The file was moved or deleted while it was open, so the last writes are not at this path.
    case moved(path: String)
    /// Another writer held the database for longer than `seconds`. `holder` names its process, if
    /// known.
    case locked(path: String, holder: String?, seconds: Double)

    // The server.
    /// The text is no URI of a PostgreSQL database. `reason` says why, without a password.
    case invalidURI(reason: String)
    /// A server, or what is needed to reach it, is not there or too old; or the store does not offer what
    /// was asked for.
    case storeUnavailable(path: String, reason: String)
    /// The server does not permit it. `reason` is the server's.
    case notPermitted(path: String, reason: String)
    /// The connection was lost, and for `seconds` no other could be made. What was acknowledged is stored.
    case connectionLost(path: String, reason: String, seconds: Double)

    // Identity.
    /// The collection's vectors were made by another embedder than the one given.
    case embedderMismatch(collection: String, recorded: EmbedderIdentity, given: EmbedderIdentity)
    /// The collection holds ready-made vectors, so no embedder can encode queries for it.
    case noRecordedEmbedder(collection: String, given: EmbedderIdentity)
    /// An ingest asked for another metric than the collection's.
    case metricMismatch(collection: String, recorded: Metric, given: Metric)
    /// A vector has another number of dimensions than the collection. `of` names its owner.
    case dimensionMismatch(of: String, expected: Int, found: Int)
    /// No embedder was found for the collection. `recorded` is the one it needs; `nil` if it
    /// records none.
    case embedderMissing(collection: String, recorded: EmbedderIdentity?)
    /// The collection's model could not be loaded.
    case embedderUnavailable(path: String, reason: String)
    /// Re-ranking was requested, but the embedder is not a `ScoringEmbedder`.
    case cannotRerank(embedder: String)
    /// A query has a token weight, but the embedder has no `tokenVectors`.
    case cannotCompareTokens(embedder: String)

    // Input.
    /// A vector cannot be compared or stored. `of` names its owner.
    case invalidVector(of: String, fault: VectorFault)
    /// A document cannot be stored.
    case invalidDocument(id: String, source: Document.Source?, fault: DocumentFault)
    /// The id exists, and ``IngestOptions/onConflict`` is `error`.
    case documentExists(id: String, source: Document.Source?)
    /// Synchronizing would delete all documents of a source. None was deleted.
    case sourceEmptied(path: String, documents: Int)
    /// Synchronizing would delete more documents than ``IngestOptions/deletionLimit`` allows, of the
    /// `total` of its sources. None was deleted.
    case tooManyDeletions(documents: Int, total: Int)
    /// A parameter is out of range. `allowed` completes the phrase "must be …".
    case outOfRange(parameter: String, value: String, allowed: String)
    /// The name cannot be part of file names. It must have 1 to 120 bytes, of which those other
    /// than ASCII letters, digits, `.` and `_` count three times.
    case invalidCollectionName(String)
    /// A vector search in a collection without vectors.
    case wordsOnly(collection: String)
    /// An ingest without encoding into a collection that has vectors.
    case vectorsNeeded(collection: String)
    /// A query with a vector but no text, in a mode or for a purpose that needs the text.
    case textNeeded(for: String)
    /// The filter has more than `limit` comparisons and values, or is nested too deeply.
    case filterTooLarge(limit: Int)
    /// The embedder's identity has no dimensions.
    case embedderWithoutDimensions(name: String)
    /// The call contradicts the current state of the database, which another call may have changed.
    case conflict(String)
    /// The embedder threw an error, or returned another number of embeddings than texts.
    case encodingFailed(embedder: String, reason: String)

    // Jobs.
    /// Another worker has taken a unit of the job, because this one was not heard of for too long.
    case workLost(unit: String)
    /// The worker's files are not those with which the job was registered.
    case filesDiffer(job: String, path: String, difference: FileDifference)
    /// The job was registered with other values of these options.
    case jobDiffers(job: String, options: [String])

    /// How a worker's file differs from those of its job.
    public enum FileDifference: Sendable, Equatable {
        /// The job has another version of the file.
        case changed
        /// The job does not have the file.
        case added
        /// The worker does not have the file.
        case missing
    }

    /// What was found at a path instead of a database.
    public enum ForeignFile: Sendable, Equatable {
        /// A folder.
        case folder
        /// A device, a pipe or the like.
        case notAFile
        /// A file of another program.
        case other
        /// In PostgreSQL, a schema with tables of another program.
        case otherTables
        /// An empty main file: either a copy that lacks the write-ahead log with the content, or a
        /// database whose creation was interrupted.
        case withoutLog
    }

    /// Why a vector cannot be used.
    public enum VectorFault: Sendable, Equatable {
        /// It has no components.
        case empty
        /// The component at `index`, counted from 0, is NaN or infinite; `nil` if the index is not
        /// known.
        case notFinite(index: Int?)
        /// The sum of its squared components exceeds 4.25e37, so that scores would overflow.
        case tooLong
        /// A component beyond 65,504, which a graph in PostgreSQL cannot hold.
        case beyondHalf
    }

    /// Why a document cannot be stored.
    public enum DocumentFault: Sendable, Equatable {
        /// Its id is empty.
        case emptyID
        /// A NUL character in its id, title or source.
        case containsNUL
        /// A NUL character in its metadata, which PostgreSQL cannot store.
        case metadataContainsNUL
        /// Its metadata is not a JSON object.
        case metadataNotObject
        /// A text, or its metadata, is larger than a row can be.
        case tooLarge(bytes: Int, limit: Int)
    }

    /// Groups of errors by what can be done about them.
    public enum Kind: Sendable, CaseIterable {
        /// The call is wrong: change the program or its arguments.
        case usage
        /// The data or the model does not fit the database.
        case badData
        /// A file, collection or document does not exist.
        case missing
        /// Something needed was not found or cannot be used.
        case unavailable
        /// A file cannot be created or written to.
        case cannotCreate
        /// Reading or writing failed.
        case inputOutput
        /// Trying again later may succeed.
        case temporary
    }

    /// The group that this error belongs to.
    public var kind: Kind {
        switch self {
        case .outOfRange, .invalidCollectionName, .wordsOnly, .vectorsNeeded, .textNeeded,
            .filterTooLarge, .embedderWithoutDimensions, .conflict, .closed, .invalidURI:
            .usage
        case .notADatabase(_, .withoutLog): .missing
        case .notADatabase, .newerFormat, .damaged, .embedderMismatch, .noRecordedEmbedder,
            .metricMismatch, .dimensionMismatch, .invalidVector, .invalidDocument,
            .documentExists, .collectionExists, .encodingFailed, .sourceEmptied, .tooManyDeletions,
            .filesDiffer, .jobDiffers:
            .badData
        case .databaseMissing, .collectionMissing, .documentsMissing: .missing
        case .embedderMissing, .embedderUnavailable, .cannotRerank, .cannotCompareTokens,
            .storeUnavailable:
            .unavailable
        case .cannotCreate, .readOnly, .olderFormat, .notPermitted: .cannotCreate
        case .inputOutput, .diskFull, .moved: .inputOutput
        case .locked, .connectionLost, .workLost: .temporary
        }
    }
}
