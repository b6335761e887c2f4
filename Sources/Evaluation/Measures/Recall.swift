/// The share of the relevant documents that are among the first `cutoff`. trec_eval's `recall`.
public struct Recall: Measure, Hashable {
    /// Ranks that count.
    public let cutoff: Int

    /// - Parameter cutoff: ranks that count, at least 1.
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
