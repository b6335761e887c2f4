/// A number between 0 and 1 for one query's ranking. A measure is a value: `NDCG(10)`.
///
/// All are defined as trec_eval defines them: a grade of 1 or more is relevant, what is not judged is
/// not relevant, and a query without a relevant document scores 0.
public protocol Measure: Sendable {
    /// As in the papers: `nDCG@10`.
    var name: String { get }
    /// As trec_eval and JSON name it: `ndcg_cut_10`.
    var key: String { get }
    func value(of ranking: JudgedRanking) -> Double
}

/// A query's ranking with the judgments laid along it: all that a measure looks at.
public struct JudgedRanking: Sendable {
    /// The grade at each rank, best first; nil where the document is not judged.
    public let grades: [Int?]
    /// The grades of all relevant documents, retrieved or not, in falling order.
    public let relevantGrades: [Int]

    public init(ranking: [Identifier], judgments: [Identifier: Int]) {
        grades = ranking.map { judgments[$0] }
        relevantGrades = judgments.values.filter { $0 > 0 }.sorted(by: >)
    }

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
