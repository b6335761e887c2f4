import CVectorKernels
import Foundation

/// log Σ e^x in two parts, so that pieces of a row can be combined.
package enum LogSumExp {
    /// The greatest element m, and Σ e^(x - m); (-∞, 0) for an empty row.
    package static func parts(_ row: UnsafeBufferPointer<Float>) -> (greatest: Double, sum: Double)
    {
        guard let base = row.baseAddress, !row.isEmpty else { return (-.infinity, 0) }
        var greatest: Float = 0
        let sum = transformer_sum_exponentials(base, row.count, &greatest)
        return (Double(greatest), sum)
    }

    package static func reference(_ row: [Float]) -> Double {
        let greatest = Double(row.max() ?? -.infinity)
        return greatest + log(row.reduce(0.0) { $0 + exp(Double($1) - greatest) })
    }
}
