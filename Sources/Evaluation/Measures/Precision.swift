/// The share of the first `cutoff` ranks with a relevant document; missing ranks count as not
/// relevant. trec_eval's `P`.
public struct Precision: Measure, Hashable {
    /// Ranks that count.
    public let cutoff: Int

    /// - Parameter cutoff: ranks that count, at least 1.
    public init(_ cutoff: Int) {
        self.cutoff = cutoff
    }

    /// The name in papers: `P@10`.
    public var name: String { "P@\(cutoff)" }
    /// The name in trec_eval: `P_10`.
    public var key: String { "P_\(cutoff)" }

    /// The number of relevant documents among the first ``cutoff``, divided by ``cutoff``.
    public func value(of ranking: JudgedRanking) -> Double {
        Double(ranking.relevant(inFirst: cutoff)) / Double(cutoff)
    }
}
