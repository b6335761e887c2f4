/// The share of the first `cutoff` ranks that are relevant; an empty rank is not.
public struct Precision: Measure, Hashable {
    /// Ranks that count.
    public let cutoff: Int

    /// - Parameter cutoff: ranks that count, at least 1.
    public init(_ cutoff: Int) {
        self.cutoff = cutoff
    }

    public var name: String { "P@\(cutoff)" }
    public var key: String { "P_\(cutoff)" }

    public func value(of ranking: JudgedRanking) -> Double {
        Double(ranking.relevant(inFirst: cutoff)) / Double(cutoff)
    }
}
