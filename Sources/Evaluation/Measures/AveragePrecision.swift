/// The mean over all relevant documents of the precision at their ranks, which is 0 for those not
/// retrieved. Its mean over queries is MAP, trec_eval's `map`.
public struct AveragePrecision: Measure, Hashable {
    /// Creates the measure, which has no cutoff.
    public init() {}

    /// The name in papers: `MAP`.
    public var name: String { "MAP" }
    /// The name in trec_eval: `map`.
    public var key: String { "map" }

    /// The average precision, from 0 to 1; 0 for a query without relevant documents.
    public func value(of ranking: JudgedRanking) -> Double {
        guard ranking.relevantCount > 0 else { return 0 }
        var found = 0
        var sum = 0.0
        for (place, grade) in ranking.grades.enumerated() where (grade ?? 0) > 0 {
            found += 1
            sum += Double(found) / Double(place + 1)
        }
        return sum / Double(ranking.relevantCount)
    }
}
