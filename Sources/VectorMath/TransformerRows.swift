import CVectorKernels
import Foundation

/// The row-wise steps of a transformer block, each with a plain reference.
package enum TransformerRows {
    /// RMSNorm (Zhang and Sennrich 2019): y = x / sqrt(mean(x^2) + epsilon) * weight for each row
    /// of x `[rows, width]`. y may be x.
    package static func norm(
        _ x: UnsafePointer<Float>, stride: Int, rows: Int, width: Int,
        weight: UnsafePointer<Float>, epsilon: Float, into y: UnsafeMutablePointer<Float>,
        stride outputStride: Int
    ) {
        transformer_norm_float32(x, stride, rows, width, weight, epsilon, y, outputStride)
    }

    /// The same, rounded to bfloat16.
    package static func norm(
        _ x: UnsafePointer<Float>, stride: Int, rows: Int, width: Int,
        weight: UnsafePointer<Float>, epsilon: Float, into y: UnsafeMutablePointer<UInt16>,
        stride outputStride: Int
    ) {
        transformer_norm_bfloat16(x, stride, rows, width, weight, epsilon, y, outputStride)
    }

    package static func normReference(_ x: [Float], weight: [Float], epsilon: Float) -> [Float] {
        let width = weight.count
        return stride(from: 0, to: x.count, by: width).flatMap { start in
            let row = x[start..<start + width].map(Double.init)
            let mean = row.reduce(0) { $0 + $1 * $1 } / Double(width)
            let factor = 1 / (mean + Double(epsilon)).squareRoot()
            return zip(row, weight).map { Float($0 * factor * Double($1)) }
        }
    }

    /// y = (x - mean(x)) / sqrt(variance(x) + epsilon) * weight + bias for each row of x [rows, width]
    /// (Ba, Kiros and Hinton 2016). y may be x.
    package static func layerNorm(
        _ x: UnsafePointer<Float>, stride: Int, rows: Int, width: Int,
        weight: UnsafePointer<Float>, bias: UnsafePointer<Float>, epsilon: Float,
        into y: UnsafeMutablePointer<Float>, stride outputStride: Int
    ) {
        transformer_layer_norm(x, stride, rows, width, weight, bias, epsilon, y, outputStride)
    }

    /// The same in double precision, rows of `weight.count` numbers.
    package static func layerNormReference(
        _ x: [Float], weight: [Float], bias: [Float], epsilon: Float
    ) -> [Float] {
        let width = weight.count
        return stride(from: 0, to: x.count, by: width).flatMap { start in
            let row = x[start..<start + width].map(Double.init)
            let mean = row.reduce(0, +) / Double(width)
            let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width)
            let factor = 1 / (variance + Double(epsilon)).squareRoot()
            return row.indices.map {
                Float((row[$0] - mean) * factor * Double(weight[$0]) + Double(bias[$0]))
            }
        }
    }

    /// Rotary position embedding (Su et al. 2021): rotates the pairs (x_i, x_{i+d/2}) of every head
    /// of row r by the angles of position `positions[r]`: (a, b) becomes (a cos - b sin, b cos + a
    /// sin). The tables of cosines and sines are `[position, d/2]`.
    package static func rotate(
        _ x: UnsafeMutablePointer<Float>, stride: Int, rows: Int, heads: Int, dimension: Int,
        positions: UnsafePointer<Int32>, cosines: UnsafePointer<Float>,
        sines: UnsafePointer<Float>
    ) {
        transformer_rotate(x, stride, rows, heads, dimension, positions, cosines, sines)
    }

    package static func rotateReference(
        _ x: [Float], heads: Int, dimension: Int, positions: [Int32], frequencies: [Float]
    ) -> [Float] {
        var y = x
        let half = dimension / 2
        for (row, position) in positions.enumerated() {
            for head in 0..<heads {
                let start = (row * heads + head) * dimension
                for index in 0..<half {
                    let angle = Double(Float(position) * frequencies[index])
                    let (a, b) = (Double(x[start + index]), Double(x[start + half + index]))
                    y[start + index] = Float(a * cos(angle) - b * sin(angle))
                    y[start + half + index] = Float(b * cos(angle) + a * sin(angle))
                }
            }
        }
        return y
    }

    /// Rounds to the nearest bfloat16, ties to even.
    package static func narrow(
        _ x: UnsafePointer<Float>, stride: Int, rows: Int, width: Int,
        into y: UnsafeMutablePointer<UInt16>, stride outputStride: Int
    ) {
        transformer_narrow(x, stride, rows, width, y, outputStride)
    }

    /// Converts stored values to float32; for a quantized type, whole blocks.
    package static func widen(
        _ values: UnsafeRawPointer, _ encoding: StoredMatrix.Encoding, count: Int,
        into y: UnsafeMutablePointer<Float>
    ) {
        transformer_widen(values, encoding.rawValue, count, y)
    }

    /// The index of the greatest of `count` numbers, 1 or more; the lowest if several are equal.
    package static func indexOfGreatest(_ x: UnsafePointer<Float>, count: Int) -> Int {
        transformer_greatest(x, count)
    }

    package static func isFinite(_ x: UnsafePointer<Float>, count: Int) -> Bool {
        transformer_is_finite(x, count)
    }
}
