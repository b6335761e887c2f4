/// Spearman's rank correlation, as scipy computes it: the Pearson correlation of the ranks, where
/// equal values share the mean of their ranks.
public enum Spearman {
    /// The correlation, from -1 to 1; `nil` if it is undefined: fewer than two pairs, one side
    /// constant, or a NaN.
    /// - Precondition: both sides have one value for each pair.
    public static func correlation(_ first: [Double], _ second: [Double]) -> Double? {
        precondition(first.count == second.count, "one value for each pair on both sides")
        guard first.count >= 2, !first.contains(where: \.isNaN), !second.contains(where: \.isNaN)
        else { return nil }
        let x = ranks(first)
        let y = ranks(second)
        let mean = Double(first.count + 1) / 2
        var xy = 0.0
        var xx = 0.0
        var yy = 0.0
        for i in x.indices {
            xy += (x[i] - mean) * (y[i] - mean)
            xx += (x[i] - mean) * (x[i] - mean)
            yy += (y[i] - mean) * (y[i] - mean)
        }
        guard xx > 0, yy > 0 else { return nil }
        return min(1, max(-1, xy / (xx.squareRoot() * yy.squareRoot())))
    }

    /// Ranks from 1 in ascending order; equal values share the mean of their ranks.
    static func ranks(_ values: [Double]) -> [Double] {
        let order = values.indices.sorted { values[$0] < values[$1] }
        var ranks = [Double](repeating: 0, count: values.count)
        var first = 0
        while first < order.count {
            var end = first + 1
            while end < order.count, values[order[end]] == values[order[first]] { end += 1 }
            for place in order[first..<end] { ranks[place] = Double(first + 1 + end) / 2 }
            first = end
        }
        return ranks
    }
}
