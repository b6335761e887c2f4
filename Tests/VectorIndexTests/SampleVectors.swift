import FileFormat
import Foundation
import TestSupport
import VectorIndex
import VectorMath

/// Clustered vectors, similar to embeddings of text, row by row.
struct SampleVectors {
    let count: Int
    let dimensions: Int
    var values: [Float]

    init(count: Int, dimensions: Int, clusters: Int = 50, spread: Float = 0.5, seed: UInt64 = 1) {
        var random = RandomSource(seed: seed)
        // The centers depend on the shape alone, so that queries with another seed have the same
        // ones.
        var centerRandom = RandomSource(seed: UInt64(dimensions * 1000 + clusters))
        let centers = (0..<clusters * dimensions).map { _ in centerRandom.normal() }
        var values: [Float] = []
        values.reserveCapacity(count * dimensions)
        for _ in 0..<count {
            let center = Int(random.next() % UInt64(clusters)) * dimensions
            for i in 0..<dimensions {
                values.append(centers[center + i] + spread * random.normal())
            }
        }
        self.count = count
        self.dimensions = dimensions
        self.values = values
    }

    init(dimensions: Int, values: [Float]) {
        (count, self.dimensions, self.values) = (values.count / dimensions, dimensions, values)
    }

    /// Writes a vector file with labels from 1.
    func write(
        to path: String, metric: Metric, element: VectorElement = .float32
    ) throws {
        let writer = try VectorFileWriter(
            path: path, header: sampleHeader, dimensions: dimensions, metric: metric,
            element: element)
        for (row, label) in labels().enumerated() {
            try writer.append(label: label, vector: self.row(row))
        }
        try writer.commit()
    }

    func row(_ index: Int) -> [Float] {
        Array(values[index * dimensions..<(index + 1) * dimensions])
    }

    /// The same, scaled to length one.
    var normalized: SampleVectors {
        SampleVectors(
            dimensions: dimensions,
            values: (0..<count).flatMap { Normalization.normalized(row($0)) })
    }

    func rows(_ range: Range<Int>) -> [Float] {
        Array(values[range.lowerBound * dimensions..<range.upperBound * dimensions])
    }

    /// Labels `first`, `first` + 1, ….
    func labels(from first: Int64 = 1) -> [Int64] { (0..<Int64(count)).map { first + $0 } }
}

let sampleHeader = IndexHeader(
    databaseIdentity: UUID(uuidString: "6F1C2B5A-8D7E-4F30-9A1B-2C3D4E5F6071")!, collection: 7,
    modelFingerprint: ContentHash(high: 0x0123_4567_89ab_cdef, low: 42), changeLogPosition: 99)

/// The share of the true nearest labels that were found.
func recall(_ found: [ScoredKey], _ truth: [ScoredKey]) -> Double {
    guard !truth.isEmpty else { return 1 }
    let labels = Set(found.map(\.key))
    return Double(truth.filter { labels.contains($0.key) }.count) / Double(truth.count)
}
