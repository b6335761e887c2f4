import Foundation

/// Normalized discounted cumulative gain (Järvelin & Kekäläinen 2002), trec_eval's `ndcg_cut`.
///
///     DCG = Σ over ranks r = 1 … cutoff of max(grade_r, 0) / log2(r + 1),   nDCG = DCG / ideal DCG
///
/// The gain is the grade itself (linear); the ideal ranking has all relevant documents by
/// descending grade.
public struct NDCG: Measure, Hashable {
    /// The number of ranks that count.
    public let cutoff: Int

    /// - Parameter cutoff: the number of ranks that count, at least 1.
    public init(_ cutoff: Int) {
        self.cutoff = cutoff
    }

    /// The name in papers: `nDCG@10`.
    public var name: String { "nDCG@\(cutoff)" }
    /// The name in trec_eval: `ndcg_cut_10`.
    public var key: String { "ndcg_cut_\(cutoff)" }

    /// DCG / ideal DCG, from 0 to 1; 0 for a query without relevant documents.
    public func value(of ranking: JudgedRanking) -> Double {
        let ideal = discounted(ranking.relevantGrades.prefix(cutoff))
        guard ideal > 0 else { return 0 }
        return discounted(ranking.grades.prefix(cutoff).map { max($0 ?? 0, 0) }[...]) / ideal
    }

    private func discounted(_ gains: ArraySlice<Int>) -> Double {
        var sum = 0.0
        for (place, gain) in gains.enumerated() where gain > 0 {
            sum += Double(gain) / log2(Double(place + 2))
        }
        return sum
    }
}
