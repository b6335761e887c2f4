/// A measure of the quality of one query's ranking, from 0 to 1, such as `NDCG(10)`.
///
/// All are defined as in trec_eval: a grade of 1 or more is relevant, a document without a judgment is
/// not relevant, and a query without a relevant document scores 0.
public protocol Measure: Sendable {
    /// The name in papers: `nDCG@10`.
    var name: String { get }
    /// The name in trec_eval and JSON: `ndcg_cut_10`.
    var key: String { get }
    /// The measure of one query's ranking.
    func value(of ranking: JudgedRanking) -> Double
}

/// A query's ranking, as the grade at each rank.
public struct JudgedRanking: Sendable {
    /// The grade at each rank, best first; `nil` if the document is not judged.
    public let grades: [Int?]
    /// The grades of all relevant documents, retrieved or not, descending.
    public let relevantGrades: [Int]

    /// Looks up the grades of a ranking.
    ///
    /// - Parameters:
    ///   - ranking: documents, best first.
    ///   - judgments: the query's grades by document.
    public init(ranking: [Identifier], judgments: [Identifier: Int]) {
        grades = ranking.map { judgments[$0] }
        relevantGrades = judgments.values.filter { $0 > 0 }.sorted(by: >)
    }

    /// The number of relevant documents, retrieved or not.
    public var relevantCount: Int { relevantGrades.count }

    /// The number of relevant documents among the first `cutoff` ranks.
    public func relevant(inFirst cutoff: Int) -> Int {
        grades.prefix(cutoff).count { ($0 ?? 0) > 0 }
    }
}

extension [any Measure] {
    /// The measures that `vdb eval` prints, in its order.
    public static var standard: [any Measure] {
        [
            NDCG(10), ReciprocalRank(10), Recall(100), Recall(1000), AveragePrecision(),
            Precision(10),
        ]
    }
}
