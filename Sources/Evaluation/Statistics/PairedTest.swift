import Foundation
import RandomNumbers

/// Tests whether two runs differ on one measure by more than chance: two two-sided tests of the
/// differences d_q = b_q - a_q over the judged queries.
///
/// - The paired t-test (Student): t = mean(d) / (s / √n), n - 1 degrees of freedom.
/// - The paired randomization test (Fisher), which assumes no distribution: under the null
///   hypothesis every difference could have the other sign. p is the share of sign assignments
///   whose mean is at least as far from zero: of all 2^n for up to 16 differing queries, else of
///   100,000 random ones, as (1 + hits) / (1 + draws).
public struct PairedTest: Sendable, Equatable {
    /// n, the number of queries.
    public let queries: Int
    /// mean(d): positive if the second run is better.
    public let meanDifference: Double
    /// The number of queries on which the second run is better.
    public let better: Int
    /// The number of queries on which both are equal.
    public let equal: Int
    /// The number of queries on which the second run is worse.
    public let worse: Int
    /// The t statistic; infinite if all differences are the same and not 0.
    public let t: Double
    /// The p-value of the t-test.
    public let tTestP: Double
    /// The p-value of the randomization test.
    public let randomizationP: Double

    /// The number of random sign assignments if there are too many to try all.
    public static let draws = 100_000

    /// Compares the values of one measure, query by query.
    ///
    /// - Parameters:
    ///   - first: `[Q]`, the values of the first run.
    ///   - second: `[Q]`, the values of the second run.
    ///   - seed: the seed for random sign assignments.
    /// - Precondition: `first` and `second` have the same queries in the same order.
    public init(first: [Double], second: [Double], seed: UInt64 = 0) {
        precondition(first.count == second.count, "the same queries on both sides")
        let differences = zip(first, second).map { $1 - $0 }
        queries = differences.count
        better = differences.count { $0 > 0 }
        worse = differences.count { $0 < 0 }
        equal = queries - better - worse
        let n = Double(max(queries, 1))
        let mean = differences.reduce(0, +) / n
        meanDifference = mean

        let squares = differences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        let error = (squares / max(n - 1, 1) / n).squareRoot()
        if error > 0, queries > 1 {
            t = mean / error
            tTestP = StudentT.twoSidedP(t: t, degreesOfFreedom: n - 1)
        } else {
            // No variance: all differences are equal, or there are fewer than two.
            t = mean == 0 ? 0 : mean > 0 ? .infinity : -.infinity
            tTestP = mean == 0 || queries < 2 ? 1 : 0
        }
        randomizationP = Self.randomization(differences.filter { $0 != 0 }, seed: seed)
    }

    private static func randomization(_ differences: [Double], seed: UInt64) -> Double {
        let observed = abs(differences.reduce(0, +))
        // Sums of the same numbers in another order may differ in the last digits; treat them as
        // ties.
        let bar = observed - 1e-12 * differences.reduce(0) { $0 + abs($1) }
        let n = differences.count
        if n <= 16 {
            var hits = 0
            for signs in 0..<(1 << n) {
                var sum = 0.0
                for i in 0..<n { sum += (signs >> i) & 1 == 1 ? -differences[i] : differences[i] }
                if abs(sum) >= bar { hits += 1 }
            }
            return Double(hits) / Double(1 << n)
        }
        var random = SeededGenerator(seed: seed)
        var hits = 0
        for _ in 0..<draws {
            var sum = 0.0
            var bits: UInt64 = 0
            for i in 0..<n {
                if i % 64 == 0 { bits = random.next() }
                sum += bits & 1 == 1 ? -differences[i] : differences[i]
                bits >>= 1
            }
            if abs(sum) >= bar { hits += 1 }
        }
        return Double(1 + hits) / Double(1 + draws)
    }
}
