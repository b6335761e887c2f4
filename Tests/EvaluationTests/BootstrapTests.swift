import Evaluation
import Testing

/// The interval of a mean difference.
struct BootstrapTests {
    /// Of many values the interval is the normal distribution's: mean ± 1.96 s / √n.
    @Test(arguments: [UInt64(0), 1, 2])
    func manyValuesHaveTheNormalInterval(seed: UInt64) {
        let values = (0..<400).map { Double($0 * 37 % 400) / 400 - 0.45 }
        let mean = values.reduce(0, +) / 400
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 400
        let error = (variance / 400).squareRoot()
        let interval = BootstrapInterval(differences: values, seed: seed)
        #expect(abs(interval.mean - mean) < 1e-12)
        #expect(abs(interval.lower - (mean - 1.96 * error)) < 0.1 * error)
        #expect(abs(interval.upper - (mean + 1.96 * error)) < 0.1 * error)
        // z = mean / error is 3.29.
        #expect(interval.shareWithoutGain < 0.005)
        #expect(BootstrapInterval(differences: values, seed: seed) == interval)
        let narrow = BootstrapInterval(differences: values, level: 0.5, seed: seed)
        #expect(narrow.lower > interval.lower && narrow.upper < interval.upper)
    }

    @Test func fewAndEqualValues() {
        let none = BootstrapInterval(differences: [])
        #expect((none.mean, none.lower, none.upper, none.shareWithoutGain) == (0, 0, 0, 1))
        let one = BootstrapInterval(differences: [0.5])
        #expect((one.lower, one.upper, one.shareWithoutGain) == (0.5, 0.5, 0))
        let equal = BootstrapInterval(differences: [Double](repeating: 0, count: 20))
        #expect((equal.lower, equal.upper, equal.shareWithoutGain) == (0, 0, 1))
        // Three of four gain: the mean is positive unless the fourth is drawn twice or more.
        let mixed = BootstrapInterval(differences: [1, 1, 1, -2])
        #expect(abs(mixed.shareWithoutGain - 67.0 / 256) < 0.02)
    }
}
