import Foundation
import RandomNumbers
import Testing
import VectorMath

/// Principal components are compared with NumPy's SVD (Fixtures/make_principal_components.py).
@Suite struct PrincipalComponentTests {
    private struct Sample: Decodable {
        let vectors: [[Float]]
        let variance: [Double]
        let axes: [[Float]]
        let places: [[Float]]
    }

    private static func samples() throws -> [String: Sample] {
        let url = try #require(
            Bundle.module.url(
                forResource: "principal-components", withExtension: "json",
                subdirectory: "Fixtures"))
        return try JSONDecoder().decode([String: Sample].self, from: Data(contentsOf: url))
    }

    private static func worst(_ a: [Float], _ b: [Float]) -> Float {
        a.count == b.count ? zip(a, b).map { abs($0 - $1) }.max() ?? 0 : .infinity
    }

    @Test(arguments: ["slow", "groups", "few", "huge", "close"])
    func equalTheSingularVectors(_ name: String) throws {
        let sample = try #require(Self.samples()[name])
        let dimensions = sample.vectors[0].count
        for seed: UInt64 in 0..<3 {
            let found = PrincipalComponents(
                of: sample.vectors.flatMap { $0 }, dimensions: dimensions, count: 2, seed: seed)
            for (variance, expected) in zip(found.variance, sample.variance) {
                #expect(abs(variance - expected) < 1e-5, "\(name) \(variance) \(expected)")
            }
            for (axis, expected) in zip(found.axes, sample.axes) {
                #expect(Self.worst(axis, expected) < 1e-3, "\(name)")
            }
            let size = sample.places.joined().map { abs($0) }.max() ?? 0
            for (vector, place) in zip(sample.vectors, sample.places) {
                #expect(Self.worst(found.place(vector), place) < 1e-3 * size, "\(name)")
            }
        }
    }

    /// Vectors in a plane of a space of many dimensions keep their distances.
    @Test(arguments: [UInt64(1), 2, 3]) func planeIsFoundAgain(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let plane = (0..<2).map { _ in (0..<70).map { _ in generator.normal() } }
        let vectors = (0..<40).map { _ -> [Float] in
            let (a, b) = (generator.normal(), generator.normal())
            return zip(plane[0], plane[1]).map { Float(5 + a * $0 + b * $1) }
        }
        let found = PrincipalComponents(
            of: vectors.flatMap { $0 }, dimensions: 70, count: 2, seed: seed)
        #expect(abs(found.variance.reduce(0, +) - 1) < 1e-6)
        let places = vectors.map { found.place($0) }
        for (vector, place) in zip(vectors, places) {
            let distance = DotProduct.squaredDistance(vector, vectors[0]).squareRoot()
            let shown = DotProduct.squaredDistance(place, places[0]).squareRoot()
            #expect(abs(distance - shown) < 1e-4 * max(1, distance))
        }
    }

    @Test func sameSeedGivesSameBits() throws {
        let vectors = try #require(Self.samples()["slow"]).vectors.flatMap { $0 }
        func found() -> PrincipalComponents {
            PrincipalComponents(of: vectors, dimensions: 24, count: 2, seed: 7)
        }
        #expect(found() == found())
    }

    @Test func degenerateVectors() {
        let equal = PrincipalComponents(
            of: [Float](repeating: 0.1, count: 30), dimensions: 3, count: 2, seed: 0)
        #expect(equal.variance == [0, 0] && equal.place([0.1, 0.1, 0.1]) == [0, 0])
        let line = PrincipalComponents(of: [1, 2, 3, 4], dimensions: 1, count: 2, seed: 0)
        #expect(line.axes == [[1]] && line.variance == [1] && line.place([2.5]) == [0])
        let single = PrincipalComponents(of: [1, 2, 3], dimensions: 3, count: 2, seed: 0)
        #expect(single.mean == [1, 2, 3] && single.place([1, 2, 3]) == [0, 0])
        let none = PrincipalComponents(of: [], dimensions: 3, count: 2, seed: 0)
        #expect(none.axes.count == 2 && none.variance == [0, 0])
    }
}
