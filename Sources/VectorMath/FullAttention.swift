import CVectorKernels
import Foundation

/// Attention of one head in which every query sees every key, as in an encoder:
/// softmax(Q K^T / sqrt(d)) V.
package enum FullAttention {
    /// Floats of scratch for so many keys.
    package static func scratchCount(keys: Int, dimension: Int) -> Int {
        transformer_attention_scratch(keys, dimension)
    }

    /// - Parameters:
    ///   - queries: [queryCount, d], rows `stride` apart.
    ///   - keys: [keyCount, d], like `values` with rows `keyStride` apart.
    ///   - output: [queryCount, d], rows `outputStride` apart.
    package static func attend(
        queries: UnsafePointer<Float>, stride: Int, queryCount: Int, keys: UnsafePointer<Float>,
        values: UnsafePointer<Float>, keyStride: Int, keyCount: Int, dimension: Int,
        into output: UnsafeMutablePointer<Float>, outputStride: Int,
        scratch: UnsafeMutablePointer<Float>, level: KernelLevel = .active
    ) {
        transformer_full_attention(
            level.rawValue, queries, stride, queryCount, keys, values, keyStride, keyCount,
            dimension, output, outputStride, scratch)
    }

    /// - Parameters: queries [queryCount, d], keys and values [keyCount, d].
    package static func reference(
        dimension d: Int, queries: [Float], keys: [Float], values: [Float]
    ) -> [Float] {
        var output: [Float] = []
        for query in stride(from: 0, to: queries.count, by: d) {
            let scores = stride(from: 0, to: keys.count, by: d).map { key in
                (0..<d).reduce(0.0) {
                    $0 + Double(queries[query + $1]) * Double(keys[key + $1])
                } / Double(d).squareRoot()
            }
            let top = scores.max() ?? 0
            let weights = scores.map { exp($0 - top) }
            let sum = weights.reduce(0, +)
            for index in 0..<d {
                let value = weights.enumerated().reduce(0.0) {
                    $0 + $1.element / sum * Double(values[$1.offset * d + index])
                }
                output.append(Float(value))
            }
        }
        return output
    }
}
