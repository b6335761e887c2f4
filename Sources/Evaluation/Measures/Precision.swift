/// The share of the first `cutoff` ranks that are relevant; ranks that are not filled count as not.
public struct Precision: Measure, Hashable {
    public let cutoff: Int

    public init(_ cutoff: Int) {
        self.cutoff = cutoff
    }

    public var name: String { "P@\(cutoff)" }
    public var key: String { "P_\(cutoff)" }

    public func value(of ranking: JudgedRanking) -> Double {
        Double(ranking.relevant(inFirst: cutoff)) / Double(cutoff)
    }
}
