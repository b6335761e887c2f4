/// The mean, over all relevant documents, of the precision at their ranks (0 where not retrieved);
/// averaged over queries it is MAP.
public struct AveragePrecision: Measure, Hashable {
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
