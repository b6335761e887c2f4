/// The reciprocal rank of the first relevant document; 0 if none is among the first `cutoff`. Its
/// mean over queries is MRR. It is trec_eval's `recip_rank`, but with a cutoff.
public struct ReciprocalRank: Measure, Hashable {
    /// Ranks that count.
    public let cutoff: Int

    /// - Parameter cutoff: ranks that count, at least 1.
    public init(_ cutoff: Int) {
        self.cutoff = cutoff
    }

    /// The name in papers: `MRR@10`.
    public var name: String { "MRR@\(cutoff)" }
    /// The name in JSON: `recip_rank_10`. trec_eval has no cutoff here.
    public var key: String { "recip_rank_\(cutoff)" }

    /// 1 / rank, or 0.
    public func value(of ranking: JudgedRanking) -> Double {
        guard let place = ranking.grades.prefix(cutoff).firstIndex(where: { ($0 ?? 0) > 0 }) else {
            return 0
        }
        return 1 / Double(place + 1)
    }
}
