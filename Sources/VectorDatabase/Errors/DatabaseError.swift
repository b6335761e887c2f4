/// What a database could not do, as facts. `description` makes one sentence of them, which says
/// what is wrong, where, and what to do.
///
/// ``kind`` sorts the cases for programs that only need to know whose turn it is.
public enum DatabaseError: Error, Sendable, Equatable {
    // A thing that is not there.
    case databaseMissing(path: String)
    case collectionMissing(name: String, path: String)
    case documentsMissing(ids: [String])

    // The file.
    case cannotCreate(path: String, reason: String)
    case notADatabase(path: String, reason: String)
    case newerFormat(path: String, found: String, supported: String)
    case damaged(path: String, reason: String)
    case inputOutput(path: String, reason: String)
    case readOnly(path: String)
    case closed(path: String)
    /// Another writer holds the database, and still did after `seconds`.
    case locked(path: String, holder: String?, seconds: Double)

    // Identity.
    /// The collection's vectors were made by another embedder than the one at hand.
    case embedderMismatch(collection: String, recorded: EmbedderIdentity, given: EmbedderIdentity)
    /// The collection holds ready-made vectors: no embedder made them, none can ask them.
    case noRecordedEmbedder(collection: String, given: EmbedderIdentity)
    case metricMismatch(collection: String, recorded: Metric, given: Metric)
    case dimensionMismatch(of: String, expected: Int, found: Int)
    /// Nothing at hand can encode for the collection, whose recorded embedder is named.
    case embedderMissing(collection: String, recorded: EmbedderIdentity?)
    case embedderUnavailable(path: String, reason: String)
    /// `--rerank` with an embedder that gives no probabilities.
    case cannotRerank(embedder: String)

    // Input.
    /// A vector that is empty, or has a number that is not finite.
    case invalidVector(of: String, reason: String)
    case invalidDocument(id: String, source: Document.Source?, reason: String)
    case documentExists(id: String, source: Document.Source?)
    case invalidArgument(name: String, value: String, reason: String)
    /// The embedder failed, or answered with another number of embeddings than it was asked for.
    case encodingFailed(embedder: String, reason: String)

    /// What a caller can do about an error.
    public enum Kind: Sendable, CaseIterable {
        /// The call itself is wrong (exit status 64).
        case usage
        /// Data or a model does not fit (65).
        case badData
        /// A file, collection or document is not there (66).
        case missing
        /// Something needed is not at hand (69).
        case unavailable
        /// A file cannot be made (73).
        case cannotCreate
        /// Reading or writing failed (74).
        case inputOutput
        /// Another time it may work (75).
        case temporary
    }

    public var kind: Kind {
        switch self {
        case .invalidArgument, .closed: .usage
        case .notADatabase, .newerFormat, .damaged, .embedderMismatch, .noRecordedEmbedder,
            .metricMismatch, .dimensionMismatch, .invalidVector, .invalidDocument,
            .documentExists, .encodingFailed:
            .badData
        case .databaseMissing, .collectionMissing, .documentsMissing: .missing
        case .embedderMissing, .embedderUnavailable, .cannotRerank: .unavailable
        case .cannotCreate, .readOnly: .cannotCreate
        case .inputOutput: .inputOutput
        case .locked: .temporary
        }
    }
}
