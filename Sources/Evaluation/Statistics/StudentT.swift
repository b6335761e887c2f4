import Foundation

/// The tail of Student's t distribution, computed by the regularized incomplete beta function.
enum StudentT {
    /// P(|T| ≥ |t|) = I_x(ν/2, 1/2) with x = ν / (ν + t²).
    static func twoSidedP(t: Double, degreesOfFreedom nu: Double) -> Double {
        regularizedBeta(x: nu / (nu + t * t), complement: t * t / (nu + t * t), a: nu / 2, b: 0.5)
    }

    /// I_x(a, b). `complement` is 1 - x, passed separately because it may be smaller than the
    /// rounding error of 1 - x. The continued fraction converges fast for x below (a + 1) / (a + b
    /// + 2); above, the symmetry I_x(a, b) = 1 - I_{1-x}(b, a) is used.
    static func regularizedBeta(x: Double, complement: Double, a: Double, b: Double) -> Double {
        if x <= 0 { return 0 }
        if complement <= 0 { return 1 }
        let front = exp(
            logGamma(a + b) - logGamma(a) - logGamma(b) + a * log(x) + b * log(complement))
        if x < (a + 1) / (a + b + 2) {
            return front * fraction(x: x, a: a, b: b) / a
        }
        return 1 - front * fraction(x: complement, a: b, b: a) / b
    }

    /// The continued fraction of the incomplete beta function (Abramowitz and Stegun 26.5.8), by
    /// Lentz's method.
    private static func fraction(x: Double, a: Double, b: Double) -> Double {
        let tiny = 1e-300
        func kept(_ value: Double) -> Double { abs(value) < tiny ? tiny : value }
        var c = 1.0
        var d = 1 / kept(1 - (a + b) * x / (a + 1))
        var result = d
        for step in 1...500 {
            let m = Double(step)
            let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
            d = 1 / kept(1 + even * d)
            c = kept(1 + even / c)
            result *= d * c
            let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
            d = 1 / kept(1 + odd * d)
            c = kept(1 + odd / c)
            result *= d * c
            if abs(d * c - 1) < 1e-15 { break }
        }
        return result
    }

    /// log Γ. Not `lgamma`, which sets a global variable on some systems. For positive arguments,
    /// as here, Stirling's series after a shift to 10 or more is accurate to the last digits.
    private static func logGamma(_ value: Double) -> Double {
        var x = value
        var shift = 0.0
        while x < 10 {
            shift += log(x)
            x += 1
        }
        let y = 1 / (x * x)
        let series =
            (1.0 / 12 - y * (1.0 / 360 - y * (1.0 / 1260 - y * (1.0 / 1680 - y / 1188)))) / x
        return (x - 0.5) * log(x) - x + 0.5 * log(2 * Double.pi) + series - shift
    }
}
