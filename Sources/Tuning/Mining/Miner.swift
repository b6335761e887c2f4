import Evaluation
import Foundation
import JSON
import Training
import VectorDatabase

/// Finds hard negatives for judged queries in a collection: documents that the current model ranks
/// high and nobody judged relevant (section 4.1 of the paper).
///
/// ```swift
/// let miner = Miner(collection: database.collection(), options: MiningOptions())
/// for row in try await miner.mine(queries, judgments: judgments) { print(row.json) }
/// ```
public struct Miner: Sendable {
    /// The collection that is ranked by its own model and that holds the documents.
    public let collection: DocumentCollection
    /// Which ranks negatives are drawn from, and how many.
    public let options: MiningOptions

    /// Candidates that the index search keeps for each requested rank, since exact ranks matter
    /// here, down to the last.
    private static let indexEffort = 4

    /// More than any collection has, and small enough to be multiplied without overflow.
    private static let mostRanks = 1 << 40

    /// Queries searched at once.
    private static let batchSize = 64

    /// Options are checked by ``mine(_:judgments:progress:)``.
    public init(collection: DocumentCollection, options: MiningOptions) {
        self.collection = collection
        self.options = options
    }

    /// A mined negative with its rank and score.
    public struct Negative: Sendable, Equatable {
        /// The document's id.
        public let id: String
        /// The text that the model embeds: title and text with a space between them.
        public let text: String
        /// Rank from 1, positives not counted.
        public let rank: Int
        /// Similarity to the query by the collection's metric.
        public let score: Double
    }

    /// One query with its positives and mined negatives: a row of training data.
    public struct Row: Sendable, Equatable {
        /// The query's id.
        public let queryID: String
        /// The query's text.
        public let query: String
        /// Ids of the relevant documents that the collection has, ascending by their bytes.
        public let positiveIDs: [String]
        /// Their texts, in the same order.
        public let positives: [String]
        /// Ascending by rank; fewer than requested, or none, if there are not enough candidates.
        public let negatives: [Negative]
        /// Candidates skipped because they have the same text as a positive.
        public var copies = 0

        /// `{"query", "pos", "neg"}` as training reads it, on one line, with ids, ranks and scores
        /// added.
        public var json: String {
            func strings(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }
            let object: JSONObject = [
                "query_id": .string(queryID), "query": .string(query), "pos": strings(positives),
                "pos_ids": strings(positiveIDs), "neg": strings(negatives.map(\.text)),
                "neg_ids": strings(negatives.map(\.id)),
                "neg_ranks": .array(negatives.map { .init($0.rank) }),
                "neg_scores": .array(negatives.map { .number($0.score) }),
            ]
            return JSONValue.object(object).jsonText
        }
    }

    /// Ranks the collection for each query and draws its negatives.
    ///
    /// - Parameters:
    ///   - judgments: by query id; a grade above 0 makes a document a positive.
    ///   - progress: called after each batch with the number of queries done and of all that have a
    ///     positive.
    /// - Returns: a row for each query that has a positive in the collection, in the order given;
    ///   without candidates its negatives are empty.
    /// - Throws: `TuneError.badOption`, and what the collection throws.
    public func mine(
        _ queries: [(id: String, text: String)], judgments: Judgments,
        progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) async throws -> [Row] {
        try options.validate()
        let chooser = HardNegatives(options: options)
        let judged = queries.map { query in
            let grades = judgments[Identifier(query.id)].filter { $0.value > 0 }
            return (query: query, positives: grades.keys.sorted().map(\.text))
        }.filter { !$0.positives.isEmpty }
        var rows: [Row] = []
        for start in stride(from: 0, to: judged.count, by: Self.batchSize) {
            let batch = judged[start..<min(judged.count, start + Self.batchSize)]
            let answers = try await collection.query(
                batch.map { entry in
                    let limit = min(options.toRank, Self.mostRanks) + entry.positives.count
                    var query = Query(
                        entry.query.text, limit: limit, mode: .dense,
                        ef: Self.indexEffort * limit, isExact: options.isExact)
                    query.fetchesContent = false
                    return query
                })
            for (entry, answer) in zip(batch, answers) {
                let positives = try entry.positives.compactMap { id in
                    try text(id).map { (id, $0) }
                }
                if positives.isEmpty { continue }
                let known = Set(entry.positives.map { Identifier($0) })
                let positiveTexts = Set(positives.map { TextBytes($0.1) })
                var texts: [Identifier: String] = [:]
                var positiveScore: Double?
                if options.maximumScoreRatio != nil,
                    !answer.hits.contains(where: { known.contains(Identifier($0.id)) })
                {
                    positiveScore = try await score(of: known, for: entry.query.text)
                }
                let chosen = try chooser.choose(
                    query: entry.query.id, ranking: answer.hits.map { ($0.id, $0.score) },
                    positives: known, positiveScore: positiveScore
                ) { id in
                    guard let text = try self.text(id) else { return false }
                    texts[Identifier(id)] = text
                    return positiveTexts.contains(TextBytes(text))
                }
                rows.append(
                    Row(
                        queryID: entry.query.id, query: entry.query.text,
                        positiveIDs: positives.map(\.0), positives: positives.map(\.1),
                        negatives: chosen.negatives.compactMap { candidate in
                            texts[Identifier(candidate.id)].map {
                                Negative(
                                    id: candidate.id, text: $0, rank: candidate.rank,
                                    score: candidate.score)
                            }
                        }, copies: chosen.passedOver))
            }
            progress(min(judged.count, start + Self.batchSize), judged.count)
        }
        return rows
    }

    /// The score of the best positive in an exact search over all documents; nil if there is none.
    private func score(of positives: Set<Identifier>, for query: String) async throws -> Double? {
        var all = Query(query, limit: max(1, try collection.count()), mode: .dense, isExact: true)
        all.fetchesContent = false
        return try await collection.query(all).hits.first { positives.contains(Identifier($0.id)) }?
            .score
    }

    /// The text that the model embeds: title and text with a space between them. Nil if the
    /// collection has no such document.
    private func text(_ id: String) throws -> String? {
        try collection.document(id)?.embeddedText
    }
}
