import RandomNumbers
import Ranking
import Storage
import Synchronization
import VectorMath

/// A collection's documents in a plane: a sample, each at its first passage, along the two directions
/// in which these differ most.
package struct Projection: Sendable {
    package struct Point: Sendable, Equatable {
        package let id: String
        package let title: String
        package let x: Float
        package let y: Float
    }

    /// What a projection depends on.
    struct Source: Equatable, Sendable {
        let record: CollectionRecord
        let position: Int64
        let sample: Int
        let seed: UInt64
    }

    let source: Source
    private let components: PrincipalComponents
    private let isNormalized: Bool
    /// In the order of their keys.
    package private(set) var points: [Point] = []
    /// The documents' keys, one for each point.
    private(set) var keys: [Int64] = []

    /// The most numbers that are read at once: 64 MiB.
    private static let mostElements = 1 << 24

    /// Of at most this many times the sample, all documents are listed and the sample has its size; of
    /// more, places are tried, of which several can lead to one document.
    private static let mostListed = 4

    /// The shares of the variance along the two directions.
    package var variance: [Double] { components.variance }

    init(_ source: Source, from store: any Store) throws {
        self.source = source
        let record = source.record
        let dimensions = record.dimensions
        let sample = max(1, min(source.sample, Self.mostElements / dimensions))
        var generator = SeededGenerator(
            seed: source.seed, purpose: SeededGenerator.hash("sample"))
        var passages: [LeadingPassage]
        if record.documentCount <= Self.mostListed * sample {
            passages = try store.leadingPassages(in: record)
            if passages.count > sample {
                passages = generator.choice(sample, of: passages.count).map { passages[$0] }
            }
        } else {
            // One place in each of equal steps.
            passages = try store.leadingPassages(
                at: (0..<sample).map {
                    (Double($0) + Double(generator.below(1 << 30)) / 0x1p30) / Double(sample)
                }, in: record)
        }
        let batch = try store.vectors(forKeys: passages.map(\.key), in: record)
        isNormalized = record.metric == .cosine
        components = PrincipalComponents(
            of: isNormalized ? Self.normalized(batch.values, dimensions) : batch.values,
            dimensions: dimensions, count: 2, seed: source.seed)
        let found = places(of: batch, passages)
        points = found.map(\.point)
        keys = found.map(\.key)
    }

    /// Where vectors of first passages are.
    func places(
        of batch: VectorBatch, _ passages: [LeadingPassage]
    ) -> [(key: Int64, point: Point)] {
        let byKey = Dictionary(
            passages.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
        return batch.keys.enumerated().compactMap { row, key in
            guard let passage = byKey[key] else { return nil }
            let (x, y) = place(
                batch.values[row * batch.dimensions..<(row + 1) * batch.dimensions])
            return (
                passage.documentKey,
                Point(id: passage.documentID, title: passage.title, x: x, y: y)
            )
        }
    }

    /// Where a vector is.
    package func place(_ vector: some Collection<Float>) -> (x: Float, y: Float) {
        let places = components.place(
            isNormalized ? Self.normalized(Array(vector), vector.count) : Array(vector))
        return (places[0], places.count > 1 ? places[1] : 0)
    }

    /// Rows at length 1, as the cosine compares them; zero vectors stay.
    private static func normalized(_ vectors: [Float], _ dimensions: Int) -> [Float] {
        var result = vectors
        for start in stride(from: 0, to: vectors.count, by: dimensions) {
            let row = start..<start + dimensions
            let square = vectors[row].reduce(0.0) { $0 + Double($1) * Double($1) }
            guard square > 0 else { continue }
            let factor = 1 / square.squareRoot()
            for place in row { result[place] = Float(Double(vectors[place]) * factor) }
        }
        return result
    }
}

/// The newest projection of a collection.
final class ProjectionCache: Sendable {
    private let newest = Mutex<Projection?>(nil)

    /// Computes a projection unless it is the newest one; others wait meanwhile.
    func projection(
        _ source: Projection.Source, from store: any Store
    ) throws -> Projection {
        try newest.withLock { newest in
            if let newest, newest.source == source { return newest }
            let computed = try Projection(source, from: store)
            newest = computed
            return computed
        }
    }

    func release() { newest.withLock { $0 = nil } }
}
