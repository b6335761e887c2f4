/// 1 / the rank of the first relevant document, 0 if none is among the first `cutoff` (MRR@10).
/// trec_eval's `recip_rank`, which has no cutoff.
public struct ReciprocalRank: Measure, Hashable {
    /// Ranks that count.
    public let cutoff: Int

    /// - Parameter cutoff: ranks that count, at least 1.
    public init(_ cutoff: Int) {
        self.cutoff = cutoff
    }

    public var name: String { "MRR@\(cutoff)" }
    public var key: String { "recip_rank_\(cutoff)" }

    public func value(of ranking: JudgedRanking) -> Double {
        guard let place = ranking.grades.prefix(cutoff).firstIndex(where: { ($0 ?? 0) > 0 }) else {
            return 0
        }
        return 1 / Double(place + 1)
    }
}
