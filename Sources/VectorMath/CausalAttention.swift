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

    /// Keys and values of one head that later queries attend to, packed once as products read them.
    package struct Packed {
        /// `[capacity / 32, d, 32]`
        package var keys: UnsafeMutablePointer<Float>
        /// `[d / 32, rounded up, capacity, 32]`
        package var values: UnsafeMutablePointer<Float>
        /// The number of positions that there is room for, a multiple of ``granularity``.
        package var capacity: Int
        package var dimension: Int

        package static let granularity = 32

        /// The number of floats of keys and of values.
        package static func counts(capacity: Int, dimension: Int) -> (keys: Int, values: Int) {
            let whole = (dimension + granularity - 1) / granularity * granularity
            return (capacity * dimension, capacity * whole)
        }

        package init(at memory: UnsafeMutablePointer<Float>, capacity: Int, dimension: Int) {
            let counts = Self.counts(capacity: capacity, dimension: dimension)
            (keys, values) = (memory, memory + counts.keys)
            (self.capacity, self.dimension) = (capacity, dimension)
        }

        /// Stores `[rows, d]` keys and values at positions from `first` on.
        package func store(
            keys newKeys: UnsafePointer<Float>, values newValues: UnsafePointer<Float>, stride: Int,
            at first: Int, rows: Int
        ) {
            precondition(first + rows <= capacity)
            transformer_pack_attention(
                newKeys, newValues, stride, first, rows, dimension, capacity, keys, values)
        }

        /// Copies the first `count` positions of another.
        package func copyPrefix(_ count: Int, of other: Packed) {
            precondition(count <= capacity && count <= other.capacity)
            let panels = (count + Self.granularity - 1) / Self.granularity
            keys.update(from: other.keys, count: panels * Self.granularity * dimension)
            for column in stride(from: 0, to: dimension, by: Self.granularity) {
                (values + column * capacity).update(
                    from: other.values + column * other.capacity, count: count * Self.granularity)
            }
        }
    }

    /// The same, bit for bit, for packed keys and values; the last query is the last position.
    package static func attend(
        _ shape: Shape, queries: UnsafePointer<Float>, stride: Int, packed: Packed,
        into output: UnsafeMutablePointer<Float>, outputStride: Int,
        scratch: UnsafeMutablePointer<Float>, level: KernelLevel = .active
    ) {
        precondition(shape.keys == shape.firstQuery + shape.queries)
        precondition(shape.keys <= packed.capacity && shape.dimension == packed.dimension)
        transformer_packed_attention(
            level.rawValue, queries, stride, shape.firstQuery, shape.queries, packed.keys,
            packed.values, packed.capacity, shape.dimension, shape.group, shape.window ?? 0, output,
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
