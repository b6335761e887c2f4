import CVectorKernels
import Foundation

/// Causal attention of one key/value head and the query heads that share it: softmax(Q K^T /
/// sqrt(d)) V, where a query attends to keys at positions up to its own.
package enum CausalAttention {
    package struct Shape: Sendable {
        /// The position of the first query; with a key/value cache, the number of earlier keys.
        package var firstQuery: Int
        package var queries: Int
        /// At least firstQuery + queries.
        package var keys: Int
        package var dimension: Int
        /// The number of query heads, which are adjacent in a row.
        package var group: Int
        /// The number of keys that a query attends to, including its own position; `nil` for all up
        /// to it.
        package var window: Int?

        package init(
            firstQuery: Int, queries: Int, keys: Int, dimension: Int, group: Int, window: Int?
        ) {
            (self.firstQuery, self.queries, self.keys) = (firstQuery, queries, keys)
            (self.dimension, self.group, self.window) = (dimension, group, window)
        }
    }

    package static func scratchCount(keys: Int, dimension: Int) -> Int {
        transformer_attention_scratch(keys, dimension)
    }

    package static func attend(
        _ shape: Shape, queries: UnsafePointer<Float>, stride: Int, keys: UnsafePointer<Float>,
        values: UnsafePointer<Float>, keyStride: Int, into output: UnsafeMutablePointer<Float>,
        outputStride: Int, scratch: UnsafeMutablePointer<Float>, level: KernelLevel = .active
    ) {
        transformer_attention(
            level.rawValue, queries, stride, shape.firstQuery, shape.queries, keys, values,
            keyStride, shape.keys, shape.dimension, shape.group, shape.window ?? 0, output,
            outputStride, scratch)
    }

    /// - Parameters:
    ///   - queries: `[queries, group * d]`.
    ///   - keys: `[keys, d]`.
    ///   - values: `[keys, d]`.
    /// - Returns: `[queries, group * d]`.
    package static func reference(
        _ shape: Shape, queries: [Float], keys: [Float], values: [Float]
    ) -> [Float] {
        let d = shape.dimension
        var output: [Float] = []
        for query in 0..<shape.queries {
            let position = shape.firstQuery + query
            let first = max(0, shape.window.map { position + 1 - $0 } ?? 0)
            for head in 0..<shape.group {
                let start = (query * shape.group + head) * d
                let scores = (first...position).map { key in
                    (0..<d).reduce(0.0) {
                        $0 + Double(queries[start + $1]) * Double(keys[key * d + $1])
                    } / Double(d).squareRoot()
                }
                let top = scores.max() ?? 0
                let weights = scores.map { exp($0 - top) }
                let sum = weights.reduce(0, +)
                for index in 0..<d {
                    let value = zip(first...position, weights).reduce(0.0) {
                        $0 + $1.1 / sum * Double(values[$1.0 * d + index])
                    }
                    output.append(Float(value))
                }
            }
        }
        return output
    }
}
