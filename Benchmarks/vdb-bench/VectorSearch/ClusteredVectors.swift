import Foundation
import RandomNumbers
import VectorMath

/// Unit vectors around cluster centers, as many as wanted: row i is a function of the seed and of i.
///
/// Points of a low-dimensional space, mapped to many dimensions by a random two-layer network, with
/// noise in all directions: roughly the shape of text embeddings (make_sets.py makes the same).
struct ClusteredVectors: Sendable {
    let dimensions: Int
    private let seed: UInt64
    private let noise: Float
    private let centres: [[Float]]
    private let spreads: [Float]
    /// hidden x latent and dimensions x hidden, row by row.
    private let first: [Float]
    private let second: [Float]

    private static let latent = 48
    private static let hidden = 160

    init(dimensions: Int, clusters: Int, noise: Float, seed: UInt64) {
        var random = NormalNumbers(seed: seed)
        let (latent, hidden) = (Self.latent, Self.hidden)
        centres = (0..<clusters).map { _ in random.next(latent, scale: 1) }
        spreads = (0..<clusters).map { _ in 0.3 + 0.6 * random.uniform() }
        first = random.next(hidden * latent, scale: 1 / Float(latent).squareRoot())
        second = random.next(dimensions * hidden, scale: 1 / Float(hidden).squareRoot())
        (self.dimensions, self.noise, self.seed) = (dimensions, noise, seed)
    }

    func row(_ index: Int) -> [Float] {
        var random = NormalNumbers(seed: seed &+ 0x9e37_79b9 &* UInt64(index + 1))
        let cluster = Int(random.bits() % UInt64(centres.count))
        var point = random.next(Self.latent, scale: spreads[cluster])
        for i in point.indices { point[i] += centres[cluster][i] }
        let bent = Self.product(first, point).map { tanh($0) }
        var vector = Self.product(second, bent)
        for i in vector.indices { vector[i] += noise * random.normal() }
        return Normalization.normalized(vector)
    }

    private static func product(_ matrix: [Float], _ vector: [Float]) -> [Float] {
        let (n, rows) = (vector.count, matrix.count / vector.count)
        var result = [Float](repeating: 0, count: rows)
        VectorKernels.active.table.pointee.dot_f32_rows(
            vector, matrix, n, n, nil, rows, &result)
        return result
    }
}

/// Numbers that are about normal, from a seed.
private struct NormalNumbers {
    private var random: SeededGenerator

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    mutating func bits() -> UInt64 { random.next() }

    mutating func uniform() -> Float { Float(bits() >> 40) / Float(1 << 24) }

    /// The sum of four uniform numbers, of variance one.
    mutating func normal() -> Float {
        var bits = bits()
        var sum: Float = 0
        for _ in 0..<4 {
            sum += Float(bits & 0xffff) / 65536 - 0.5
            bits >>= 16
        }
        return sum * 1.732
    }

    mutating func next(_ count: Int, scale: Float) -> [Float] {
        (0..<count).map { _ in scale * normal() }
    }
}
