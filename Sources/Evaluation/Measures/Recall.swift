/// The share of the relevant documents that are among the first `cutoff`. trec_eval's `recall`.
public struct Recall: Measure, Hashable {
    /// Ranks that count.
    public let cutoff: Int

    /// - Parameter cutoff: ranks that count, at least 1.
    public init(_ cutoff: Int) {
        self.cutoff = cutoff
    }

    /// The name in papers: `Recall@100`.
    public var name: String { "Recall@\(cutoff)" }
    /// The name in trec_eval: `recall_100`.
    public var key: String { "recall_\(cutoff)" }

    /// The share of the relevant documents that were retrieved; 0 for a query without any.
    public func value(of ranking: JudgedRanking) -> Double {
        guard ranking.relevantCount > 0 else { return 0 }
        return Double(ranking.relevant(inFirst: cutoff)) / Double(ranking.relevantCount)
    }
}
