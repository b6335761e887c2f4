/// The scores of a run: every measure for every judged query, and the means.
///
///     let judgments = try Judgments(contentsOf: qrels)
///     let result = Measurements(of: try Run(contentsOf: run), against: judgments)
///     print(result.means[0])        // nDCG@10 over all judged queries
public struct Measurements: Sendable {
    /// The measures, in the order of ``values`` and ``means``.
    public let measures: [any Measure]
    /// All judged queries, in the byte order of ids. Those that the run does not answer score 0
    /// (trec_eval's `-c`); queries without judgments are left out.
    public let queries: [Identifier]
    /// `[M, Q]`: the value of measure m for query q.
    public let values: [[Double]]

    /// The number of judged queries that the run answers.
    public let answeredQueries: Int

    /// Evaluates a run.
    public init(of run: Run, against judgments: Judgments, measures: [any Measure] = .standard) {
        self.measures = measures
        queries = judgments.queries
        answeredQueries = queries.count { !run[$0].isEmpty }
        var values = measures.map { _ in [Double]() }
        for query in queries {
            let ranking = JudgedRanking(
                ranking: run.ranking(of: query), judgments: judgments[query])
            for (place, measure) in measures.enumerated() {
                values[place].append(measure.value(of: ranking))
            }
        }
        self.values = values
    }

    /// `[M]`: the mean of each measure over all judged queries; 0 without queries.
    public var means: [Double] {
        values.map { $0.isEmpty ? 0 : $0.reduce(0, +) / Double($0.count) }
    }
}
