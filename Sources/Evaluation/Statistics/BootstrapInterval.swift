import RandomNumbers

/// How certain a mean difference between two runs is: the percentile interval of the paired bootstrap
/// (Efron 1979; Sakai, "Evaluating evaluation metrics based on the bootstrap", 2006).
///
/// The queries are drawn with replacement, as many as there are, and the mean of their differences is
/// taken, many times over; the interval leaves out equal shares of the least and the greatest means.
public struct BootstrapInterval: Sendable, Equatable {
    /// The mean of the differences.
    public let mean: Double
    /// The lower end; equals the mean if there are fewer than two differences.
    public let lower: Double
    /// The upper end, likewise.
    public let upper: Double
    /// The share of resamples whose mean is 0 or less: how likely the gain is none. 1 without
    /// differences.
    public let shareWithoutGain: Double

    /// The number of resamples.
    public static let resamples = 10_000

    /// Resamples the differences, query by query, of two runs.
    ///
    /// - Parameters:
    ///   - differences: `[Q]`, the second run's value minus the first's.
    ///   - level: the share of means in the interval.
    ///   - seed: the seed of the draws.
    public init(differences: [Double], level: Double = 0.95, seed: UInt64 = 0) {
        let count = differences.count
        mean = differences.reduce(0, +) / Double(max(1, count))
        guard count > 0 else {
            (lower, upper, shareWithoutGain) = (0, 0, 1)
            return
        }
        var random = SeededGenerator(seed: seed)
        var means: [Double] = []
        means.reserveCapacity(Self.resamples)
        for _ in 0..<Self.resamples {
            var sum = 0.0
            for _ in 0..<count { sum += differences[random.below(count)] }
            means.append(sum / Double(count))
        }
        means.sort()
        let tail = (1 - level) / 2
        let last = Double(Self.resamples - 1)
        lower = means[Int((tail * last).rounded())]
        upper = means[Int(((1 - tail) * last).rounded())]
        // Sums of the same numbers in another order may differ in the last digits.
        let slack = 1e-12 * differences.reduce(0) { $0 + abs($1) }
        shareWithoutGain = Double(means.count { $0 <= slack }) / Double(Self.resamples)
    }
}
