/// The mean, over all relevant documents, of the precision at their ranks, 0 for those not retrieved;
/// its mean over queries is MAP. trec_eval's `map`.
public struct AveragePrecision: Measure, Hashable {
    /// The measure; it has no cutoff.
    public init() {}

    public var name: String { "MAP" }
    public var key: String { "map" }

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
