import Foundation
import TestSupport
import Testing
import VectorIndex

/// Vectors whose codes differ by a unit here and there: they hide neither one another nor what lies
/// around them.
@Suite struct NearCopiesTests {
    /// Near copies among 2,500 different vectors.
    struct Shape: CustomTestStringConvertible {
        /// How many vectors have near copies, and how many of each.
        var centers: Int
        var copies: Int
        /// The standard deviation of a component, beside 1 / √dimensions of a vector of length 1.
        var noise: Float
        var dimensions = 24
        var metric = Metric.innerProduct
        /// Whether they come after all others rather than among them.
        var isLast = false

        var testDescription: String {
            "\(centers) x \(copies), noise \(noise), \(dimensions) dimensions, \(metric)"
        }
    }

    private static let shapes: [Shape] = [
        Shape(centers: 1, copies: 1000, noise: 0.000_5),
        Shape(centers: 1, copies: 1000, noise: 0.005, isLast: true),
        Shape(centers: 1, copies: 1000, noise: 0.005, metric: .cosine),
        Shape(centers: 1, copies: 1000, noise: 0.005, metric: .euclidean),
        Shape(centers: 1, copies: 1000, noise: 0.003, dimensions: 128),
        Shape(centers: 40, copies: 50, noise: 0.005),
        Shape(centers: 1, copies: 10_000, noise: 0.003),
        // About two units of a code.
        Shape(centers: 1, copies: 1000, noise: 0.03),
        Shape(centers: 1, copies: 1000, noise: 0.04, dimensions: 128, isLast: true),
        Shape(centers: 40, copies: 50, noise: 0.02),
    ]

    @Test(arguments: shapes)
    func doNotHideTheirNeighborhood(_ shape: Shape) throws {
        let dimensions = shape.dimensions
        let different = SampleVectors(
            count: 2500, dimensions: dimensions, clusters: 8, spread: 0.35
        ).normalized
        var random = RandomSource.forTest(41)
        func near(_ row: Int, _ noise: Float) -> [Float] {
            different.row(row).map {
                $0 + noise / Float(dimensions).squareRoot() * random.normal()
            }
        }
        let copies = (0..<shape.centers * shape.copies).flatMap {
            near($0 % shape.centers, shape.noise)
        }
        let queries = (0..<40).map { near($0 % shape.centers, 0.5) }
        let sample = SampleVectors(
            dimensions: dimensions, values: different.values + copies)
        var order = Array(0..<sample.count)
        if !shape.isLast { order.shuffle(using: &random) }
        let rows = SampleVectors(dimensions: dimensions, values: order.flatMap(sample.row))
        let without = try Self.measure(different, shape, queries)
        let with = try Self.measure(rows, shape, queries)
        let comment = "without \(without), with \(with)"
        #expect(with.recall >= without.recall - 0.01, "\(comment)")
        #expect(with.distances <= without.distances * 1.1, "\(comment)")
        #expect(with.nodes <= without.nodes + shape.centers * 2, "\(comment)")
    }

    private static func measure(_ sample: SampleVectors, _ shape: Shape, _ queries: [[Float]])
        throws -> NeighborhoodMeasure
    {
        try NeighborhoodMeasure(
            sample,
            IndexParameters(
                dimensions: shape.dimensions, metric: shape.metric, m: 8, efConstruction: 80),
            near: queries)
    }

    /// Inserts and removes near copies at random, saves and loads: nothing is lost, searches with and
    /// without a filter find what exact search finds, and the number of threads does not matter.
    @Test(arguments: Metric.allCases)
    func insertedAndRemovedAtRandom(_ metric: Metric) throws {
        let folder = TemporaryFolder()
        let dimensions = 16
        let few = SampleVectors(count: 30, dimensions: dimensions).normalized
        var random = RandomSource.forTest(42)
        let parameters = IndexParameters(
            dimensions: dimensions, metric: metric, m: 4, efConstruction: 30)
        var builders = try [1, 3].map { _ in try HNSWBuilder(parameters: parameters) }
        var live: [Int64: [Float]] = [:]
        var next: Int64 = 1
        var (agreed, wanted) = (0, 0)
        for round in 0..<8 {
            let labels = (0..<200).map { next + Int64($0) }
            next += 200
            let vectors = labels.map { _ in
                few.row(Int(random.next() % 30)).map { $0 + 0.000_5 * random.normal() }
            }
            for (label, vector) in zip(labels, vectors) { live[label] = vector }
            let gone = live.keys.sorted().filter { _ in random.next() % 3 == 0 }
            for label in gone { live[label] = nil }
            for (builder, threads) in zip(builders, [1, 3]) {
                try builder.insert(
                    labels: labels, vectors: vectors.flatMap { $0 }, threads: threads)
                #expect(builder.remove(labels: gone, threads: threads) == gone.count)
                #expect(builder.labels == live.keys.sorted())
                try builder.save(to: folder.file("graph-\(threads)"), header: sampleHeader)
            }
            let files = try [1, 3].map {
                try Data(contentsOf: URL(fileURLWithPath: folder.file("graph-\($0)")))
            }
            #expect(files[0] == files[1], "round \(round)")
            let index = try HNSWIndex(path: folder.file("graph-1"))
            try index.verify()
            try index.checkInvariants()
            #expect(index.labels == live.keys.sorted() && index.nodeCount <= 60)
            let writer = try VectorFileWriter(
                path: folder.file("exact"), header: sampleHeader, dimensions: dimensions,
                metric: metric, element: .float32)
            for label in live.keys.sorted() {
                try writer.append(label: label, vector: live[label]!)
            }
            try writer.commit()
            let exact = try VectorFile(path: folder.file("exact"))
            let some = LabelFilter(live.keys.filter { _ in random.next() % 4 == 0 })
            for filter in [nil, some] {
                for _ in 0..<5 {
                    let query = few.row(Int(random.next() % 30)).map {
                        $0 + 0.1 * random.normal()
                    }
                    let truth = try exact.exactSearch(query, k: 10, filter: filter)
                    let hits = try index.search(
                        query, k: 10, ef: 60, filter: filter, source: exact
                    ).hits
                    agreed += hits.count { $0.score >= truth.last!.score }
                    wanted += truth.count
                }
            }
            if round % 4 == 3 { builders = try builders.map { _ in try .init(extending: index) } }
        }
        #expect(Double(agreed) >= 0.99 * Double(wanted), "\(agreed) of \(wanted)")
    }
}
