/// The share of the relevant documents that are among the first `cutoff`.
public struct Recall: Measure, Hashable {
    public let cutoff: Int

    public init(_ cutoff: Int) {
        self.cutoff = cutoff
    }

    public var name: String { "Recall@\(cutoff)" }
    public var key: String { "recall_\(cutoff)" }

    public func value(of ranking: JudgedRanking) -> Double {
        guard ranking.relevantCount > 0 else { return 0 }
        return Double(ranking.relevant(inFirst: cutoff)) / Double(ranking.relevantCount)
    }
}
