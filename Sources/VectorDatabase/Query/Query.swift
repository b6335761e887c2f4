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
    /// The question. May be empty if ``vector`` is set and the mode is dense.
    public var text: String
    /// A ready-made vector of the query, so that nothing is encoded; `nil` to encode ``text``.
    public var vector: [Float]?
    /// The number of hits, at least 1. Fewer are returned only if fewer documents match.
    public var limit: Int
    /// The search mode. `nil` means hybrid if there are a text and a vector or an embedder for it;
    /// otherwise dense or lexical, whichever is possible.
    public var mode: QueryMode?
    /// The number of candidates kept while the graph is searched: more is slower and has higher
    /// recall. Raised to the number of hits wanted; `nil` for ``defaultEf``.
    public var ef: Int?
    /// Compares the query with every vector instead of searching the graph. The result is exact.
    public var isExact: Bool
    /// Only documents that match are considered; `nil` for all.
    public var filter: Filter?
    /// Re-ranks this many of the first hits; `nil` for none. Without a ``questionScorer`` by
    /// log p(document | query), which needs a `ScoringEmbedder`.
    public var rerankDepth: Int?
    /// The hits that a ``questionScorer`` re-ranks if the user does not say how many.
    package static let usualRerankDepth = 20
    /// A language model that re-ranks by how likely it finds the question, given the passage: the score
    /// is the first ranking's plus ``questionWeight`` times log p(question | passage), both
    /// standardized over the re-ranked hits.
    public var questionScorer: (any QuestionScorer)?
    /// How much ``questionScorer`` counts, 0 or more, against 1 for the first ranking.
    public var questionWeight = 0.5
    /// How hybrid mode joins what is found by vector and by words. For a query with its own
    /// ``vector`` no model is loaded, so that an embedder's weight does not count.
    public var fusion: Fusion
    /// Whether hits have their title, text and metadata. `false` is enough for run files, whose
    /// thousands of hits would take longer to read than to find.
    public var fetchesContent = true
    /// Leaves out documents of a lower score; `nil` for none. What a score means depends on the mode
    /// (``QueryMode``).
    public var minimumScore: Double?
    /// Whether documents of the same text are one hit, the best of them, which names the others in
    /// ``Hit/duplicates``. Titles must be the same, too, unless they are the files' names. Needs
    /// ``fetchesContent``; documents found by ready-made vectors are never merged.
    public var mergesDuplicates = false
    /// Whether the answer's ``Answer/explanation`` is wanted, for facts that take a look of their own.
    package var explains = false
    /// Takes the place of the collection's settings, to try others.
    package var search: SearchSettings?
    /// The documents of each list that hybrid mode joins; `nil` for `Fusion.depth(limit:)`. Pages of
    /// one list must agree on it.
    package var fusionDepth: Int?

    /// Creates a query for a text; each parameter sets the property of its name.
    public init(
        _ text: String, limit: Int = 10, mode: QueryMode? = nil, ef: Int? = nil,
        isExact: Bool = false, filter: Filter? = nil, rerankDepth: Int? = nil,
        fusion: Fusion = Fusion()
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

    /// Creates a dense query for a ready-made vector.
    public init(vector: [Float], limit: Int = 10, filter: Filter? = nil) {
        self.init("", limit: limit, filter: filter)
        self.vector = vector
    }

    /// The default of ``ef``. Its Recall@10 is 0.97 on 60,000 short sentences with the built-in
    /// model, and above 0.99 on clustered sets of that size.
    public static let defaultEf = IndexParameters.defaultEf
}

/// What a query searches by.
public enum QueryMode: String, Sendable, CaseIterable, Codable {
    /// Vectors. The score is the inner product, the cosine, or minus the squared distance,
    /// according to the collection's metric. Higher is better.
    case dense
    /// Words. The score is BM25, with the collection's ``SearchSettings`` if it has some. Higher is
    /// better.
    case lexical
    /// Both. The score is a weighted sum; see ``Fusion``.
    case hybrid
}

/// The answer to a query.
public struct Answer: Sendable {
    /// The query as it was asked.
    public let query: Query
    /// The mode that was used, even if the query left the choice open.
    public let mode: QueryMode
    /// The documents found, best first; equal scores in the byte order of ids.
    public let hits: [Hit]
    /// The time that the answer took; for one of many queries, its own time and its share of the
    /// encoding.
    public let duration: Duration
    /// The vector that was searched by: the query's own, or its text's; `nil` in lexical mode.
    public let vector: [Float]?
    /// How the answer was found.
    public let explanation: Explanation
}

/// A matching document, with its best passage.
public struct Hit: Sendable, Equatable, Identifiable {
    /// The place among the hits, from 1.
    public var rank: Int
    /// The document's id.
    public var id: String
    /// The score, higher for better hits; its meaning depends on the mode (``QueryMode``). For
    /// re-ranked hits it is ``logProbability``, or with a ``Query/questionScorer`` a sum of standardized
    /// scores.
    public var score: Double
    /// The document's title; empty unless the query fetches content.
    public var title: String
    /// The text of the best passage, which for a document that is not cut is its whole text; empty
    /// unless the query fetches content.
    public var text: String
    /// The document's metadata; empty unless the query fetches content.
    public var metadata: JSONObject
    /// The number of the best passage in the document, from 0; 0 unless the query fetches content.
    public var passage: Int
    /// log p(document | query), or with a ``Query/questionScorer`` log p(question | passage) a token;
    /// in nats, `nil` if the hit was not re-ranked.
    public var logProbability: Double?
    /// What the score is made of in hybrid mode; of a re-ranked hit, the score before.
    public var parts: HybridParts?
    /// The ids of documents further down that have the same text and were left out for that, best
    /// first; empty unless the query merges duplicates. Those that are much further down are not
    /// looked at.
    public var duplicates: [String] = []
}

/// How an answer was found: what `vdb query --explain` prints.
public struct Explanation: Sendable {
    /// The steps and their times. Dense and lexical search may overlap.
    public var phases: [Phase] = []
    /// The number of vectors compared with the query: in the graph, in re-scoring and in scans.
    public var distanceComputations = 0
    /// The number of rows in the graph that was searched; 0 if everything was scanned. In PostgreSQL it is
    /// known only where `vdb query --explain` asks for it.
    public var graphRows = 0
    /// The number of rows beyond the graph, which were scanned.
    public var tailRows = 0
    /// The number of rows deleted since the caches were written, which were filtered out.
    public var deletedRows = 0
    /// The number of places on other PostgreSQL servers that ``Query/ef`` does not reach: they were searched
    /// with the default.
    public var placesWithoutEf = 0
    /// The number of postings of the query's words that were added up.
    public var postings = 0
    /// The number of passages that were then scored exactly.
    public var scoredPassages = 0
    /// The number of passages that match the filter; `nil` without a filter, and in PostgreSQL if more
    /// than 2,000 documents match.
    public var matchingPassages: Int?
    /// The best score of the documents that ``Query/minimumScore`` left out; `nil` if it left out none.
    public var bestScoreLeftOut: Double?
    /// How the two rankings were fused, or tokens added to the one by vector; `nil` for other scores.
    public var fusion: Fusion?

    /// A step and its time.
    public struct Phase: Sendable, Equatable {
        /// `encode`, `filter`, `dense`, `lexical`, `fuse`, `fetch` or `rerank`.
        public let name: String
        /// Wall-clock time in milliseconds.
        public let milliseconds: Double
    }

    /// An explanation without steps, all counts zero.
    public init() {}
}
