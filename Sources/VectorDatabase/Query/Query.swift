import JSON
import VectorIndex

/// One question to a collection.
///
/// ```swift
/// var query = Query("how long do apples keep", limit: 5)
/// query.filter = try Filter("year >= 2020 AND NOT draft")
/// let answer = try await notes.query(query)
/// ```
public struct Query: Sendable {
    /// What is asked; empty only where `vector` is given and the mode is dense.
    public var text: String
    /// A ready-made vector of the query: nothing is encoded.
    public var vector: [Float]?
    /// Hits wanted: fewer come back only when fewer match.
    public var limit: Int
    /// `nil` chooses: hybrid where there are a text and a way to a vector, else whichever works.
    public var mode: QueryMode?
    /// How many candidates the walk through the index keeps: more is slower and finds more.
    /// At least `limit`. `nil` takes the collection's default (see `Query.defaultEf`).
    public var ef: Int?
    /// Compares with every vector instead of walking the index: the ground truth.
    public var isExact: Bool
    /// Only documents that match are considered.
    public var filter: Filter?
    /// Re-orders this many of the first hits by log p(document | query); needs a
    /// `ScoringEmbedder`.
    public var rerankDepth: Int?
    /// How dense and lexical ranks are joined in hybrid mode. `nil` takes the default, with the
    /// embedder's `hybridWeight` if it has one and encodes the query: for a query that
    /// comes with its ``vector``, no model is opened.
    public var fusion: ReciprocalRankFusion?
    /// `false` leaves title, text and metadata of the hits empty: enough for run files, whose
    /// thousands of hits would cost more to read than to find.
    public var fetchesContent = true

    public init(
        _ text: String, limit: Int = 10, mode: QueryMode? = nil, ef: Int? = nil,
        isExact: Bool = false, filter: Filter? = nil, rerankDepth: Int? = nil,
        fusion: ReciprocalRankFusion? = nil
    ) {
        self.text = text
        self.limit = limit
        self.mode = mode
        self.ef = ef
        self.isExact = isExact
        self.filter = filter
        self.rerankDepth = rerankDepth
        self.fusion = fusion
    }

    /// A dense query by a ready-made vector.
    public init(vector: [Float], limit: Int = 10, filter: Filter? = nil) {
        self.init("", limit: limit, filter: filter)
        self.vector = vector
    }

    /// Recall@10 at this width: .97 on 60,000 short sentences through the built-in model, above .99 on
    /// clustered sets of that size.
    public static let defaultEf = IndexParameters.defaultEf
}

/// By what documents are found.
public enum QueryMode: String, Sendable, CaseIterable, Codable {
    /// By the vector: score is the inner product, the cosine, or minus the squared distance,
    /// as the collection's metric has it. Higher is better.
    case dense
    /// By the words: score is BM25. Higher is better.
    case lexical
    /// By both: score is the sum of reciprocal ranks.
    case hybrid
}

/// What came back.
public struct Answer: Sendable {
    public let query: Query
    /// The mode that was used, also where the query left the choice.
    public let mode: QueryMode
    /// Best first; scores never increase. Equal scores are in the order of identifiers.
    public let hits: [Hit]
    /// From the call to the answer; for one of many queries, its share of the common work and
    /// its own.
    public let duration: Duration
    public let explanation: Explanation
}

/// A document that matches, with the passage by which it does.
public struct Hit: Sendable, Equatable, Identifiable {
    /// From 1.
    public var rank: Int
    public var id: String
    public var score: Double
    public var title: String
    /// The best passage: the whole text of a document that is not cut in passages.
    public var text: String
    public var metadata: JSONObject
    /// Which passage of the document `text` is, from 0.
    public var passage: Int
    /// log p(document | query) where the hit was re-ranked.
    public var logProbability: Double?
}

/// How an answer was found: what `vdb query --explain` prints.
public struct Explanation: Sendable {
    /// In the order in which they began; dense and lexical search overlap in time.
    public var phases: [Phase] = []
    /// Vectors compared with the query, in the walk, in re-scoring, and in scans.
    public var distanceComputations = 0
    /// Rows in the graph that was walked; 0 where everything was scanned.
    public var graphRows = 0
    /// Rows newer than the graph, which were scanned and merged.
    public var tailRows = 0
    /// Rows of the graph or the flat file that have been deleted since and were filtered out.
    public var deletedRows = 0
    /// Occurrences of the query's words in passages whose weights were added up.
    public var postings = 0
    /// Passages whose words were then scored to the last digit.
    public var scoredPassages = 0
    /// Passages that the filter lets pass; `nil` without one.
    public var matchingPassages: Int?
    /// How the two rankings were joined; `nil` but in hybrid mode.
    public var fusion: ReciprocalRankFusion?

    /// A step and its time.
    public struct Phase: Sendable, Equatable {
        /// `encode`, `filter`, `dense`, `lexical`, `fuse`, `fetch` or `rerank`.
        public let name: String
        public let milliseconds: Double
    }

    public init() {}
}
