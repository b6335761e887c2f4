/// A number between 0 and 1 for one query's ranking. A measure is a value: `NDCG(10)`.
///
/// All are defined as in trec_eval: a grade of 1 or more is relevant, a document without a judgment is
/// not relevant, and a query without a relevant document scores 0.
public protocol Measure: Sendable {
    /// As in the papers: `nDCG@10`.
    var name: String { get }
    /// As trec_eval and JSON name it: `ndcg_cut_10`.
    var key: String { get }
    /// The measure of one query's ranking.
    func value(of ranking: JudgedRanking) -> Double
}

/// A query's ranking with the grade at each rank: all that a measure looks at.
public struct JudgedRanking: Sendable {
    /// The grade at each rank, best first; `nil` if the document is not judged.
    public let grades: [Int?]
    /// The grades of all relevant documents, retrieved or not, in descending order.
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

    /// How many relevant documents there are, retrieved or not.
    public var relevantCount: Int { relevantGrades.count }

    /// How many of the first `cutoff` ranks are relevant.
    public func relevant(inFirst cutoff: Int) -> Int {
        grades.prefix(cutoff).count { ($0 ?? 0) > 0 }
    }
}

extension [any Measure] {
    /// What `vdb eval` prints, in its order.
    public static var standard: [any Measure] {
        [
            NDCG(10), ReciprocalRank(10), Recall(100), Recall(1000), AveragePrecision(),
            Precision(10),
        ]
    }
}
