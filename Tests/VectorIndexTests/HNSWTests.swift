import Foundation
import TestSupport
import Testing
import VectorIndex

/// The graph, compared with exact search.
@Suite struct HNSWTests {
    /// A graph and a flat file over the same vectors, written and mapped.
    static func make(
        _ sample: SampleVectors, _ parameters: IndexParameters, in folder: TemporaryFolder,
        threads: Int = 2
    ) throws -> (HNSWIndex, VectorFile) {
        let builder = try HNSWBuilder(parameters: parameters)
        try builder.insert(labels: sample.labels(), vectors: sample.values, threads: threads)
        try builder.save(to: folder.file("index"), header: sampleHeader)
        try sample.write(to: folder.file("vectors"), metric: parameters.metric)
        let index = try HNSWIndex(path: folder.file("index"))
        try index.checkInvariants()
        try index.verify()
        return (index, try VectorFile(path: folder.file("vectors")))
    }

    /// Mean recall@10 over queries of the same kind.
    static func recall(
        _ index: HNSWIndex, _ exact: VectorFile, queries: SampleVectors, ef: Int,
        filter: LabelFilter? = nil
    ) throws -> Double {
        var total = 0.0
        for row in 0..<queries.count {
            let query = queries.row(row)
            let truth = try exact.exactSearch(query, k: 10, filter: filter)
            let result = try index.search(query, k: 10, ef: ef, filter: filter, source: exact)
            #expect(result.hits.count == truth.count)
            total += VectorIndexTests.recall(result.hits, truth)
        }
        return total / Double(queries.count)
    }

    @Test(arguments: VectorQuantization.allCases)
    func findsWhatExactSearchFinds(_ quantization: VectorQuantization) throws {
        let count = quantization == .int8 ? 20_000 : 4000
        let sample = SampleVectors(count: count, dimensions: 48, clusters: 200)
        let folder = TemporaryFolder()
        let (index, exact) = try Self.make(
            sample, IndexParameters(dimensions: 48, metric: .cosine, quantization: quantization),
            in: folder)
        #expect(index.count == count)
        #expect(index.header == sampleHeader)
        let queries = SampleVectors(count: 200, dimensions: 48, clusters: 200, seed: 2)
        #expect(try Self.recall(index, exact, queries: queries, ef: 100) >= 0.98)
        // A walk compares only a small part of the vectors.
        let statistics = try index.search(queries.row(0), k: 10, ef: 100).statistics
        #expect(statistics.distances < 4000 && statistics.hops >= 100 && !statistics.scanned)
        // A copy in memory gives the same answers as the mapped file.
        let copy = try HNSWIndex(path: index.path, residency: .copied)
        #expect(
            try copy.search(queries.row(1), k: 10).hits == index.search(queries.row(1), k: 10).hits)
    }

    @Test(
        arguments: Metric.allCases.flatMap { metric in
            VectorQuantization.allCases.flatMap { quantization in
                [1, 3, 17, 65].map { (metric, quantization, $0) }
            }
        })
    func everyMetricAndOddDimensions(
        _ metric: Metric, _ quantization: VectorQuantization, _ dimensions: Int
    ) throws {
        var sample = SampleVectors(count: 1500, dimensions: dimensions, clusters: 20)
        // With few components and very different lengths, a large inner product does not mean
        // nearness.
        if metric == .innerProduct && dimensions < 10 { sample = sample.normalized }
        let folder = TemporaryFolder()
        let (index, exact) = try Self.make(
            sample,
            IndexParameters(
                dimensions: dimensions, metric: metric, quantization: quantization, m: 8,
                efConstruction: 60),
            in: folder)
        let queries = SampleVectors(count: 40, dimensions: dimensions, clusters: 20, seed: 3)
        for row in 0..<queries.count {
            let query = queries.row(row)
            let truth = try exact.exactSearch(query, k: 5)
            let result = try index.search(query, k: 5, ef: 150, source: exact)
            // Many vectors of one dimension share a score: compare scores, not labels.
            let worst = try #require(truth.last).score
            let good = result.hits.filter { $0.score >= worst - abs(worst) * 1e-5 - 1e-6 }
            #expect(good.count >= 4, "\(metric) \(quantization) \(dimensions)")
            #expect(zip(result.hits, result.hits.dropFirst()).allSatisfy { $0.score >= $1.score })
        }
    }

    @Test func emptyAndTinyIndexes() throws {
        let folder = TemporaryFolder()
        let builder = try HNSWBuilder(parameters: IndexParameters(dimensions: 4))
        try builder.save(to: folder.file("empty"), header: sampleHeader)
        let empty = try HNSWIndex(path: folder.file("empty"))
        try empty.checkInvariants()
        try empty.verify()
        #expect(empty.count == 0 && empty.lastLabel == nil)
        #expect(try empty.search([1, 2, 3, 4], k: 5).hits.isEmpty)
        #expect(try empty.search([1, 2, 3, 4], k: 5, filter: LabelFilter([1])).hits.isEmpty)

        try builder.insert(labels: [10, 20, 30], vectors: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0])
        try builder.save(to: folder.file("three"), header: sampleHeader)
        let three = try HNSWIndex(path: folder.file("three"))
        try three.checkInvariants()
        #expect(try three.search([0, 1, 0, 0], k: 100).hits.map(\.key) == [20, 10, 30])
        #expect(try three.search([0, 1, 0, 0], k: 0).hits.isEmpty)
        #expect(three.lastLabel == 30)
        #expect(three.contains(label: 20) && !three.contains(label: 21))

        #expect(builder.remove(labels: [10, 20, 30, 40]) == 3)
        #expect(builder.count == 0)
        try builder.save(to: folder.file("gone"), header: sampleHeader)
        #expect(try HNSWIndex(path: folder.file("gone")).count == 0)
        try builder.insert(labels: [31], vectors: [1, 1, 1, 1])
        #expect(builder.slotCount == 3)
    }

    /// Thousands of equal vectors give the heuristic nothing to choose by; all must remain
    /// reachable.
    @Test func duplicatesAndZeroVectors() throws {
        let folder = TemporaryFolder()
        var values: [Float] = []
        for index in 0..<3000 {
            values +=
                index < 1000 ? [1, 2, 3] : index < 2000 ? [0, 0, 0] : [3, -2, Float(index % 7)]
        }
        let sample = SampleVectors(dimensions: 3, values: values)
        for metric in Metric.allCases {
            let (index, exact) = try Self.make(
                sample, IndexParameters(dimensions: 3, metric: metric), in: folder)
            let result = try index.search([1, 2, 3], k: 50, ef: 50, source: exact)
            #expect(result.hits.count == 50)
            if metric != .innerProduct {
                #expect(result.hits.allSatisfy { $0.key <= 1000 }, "\(metric)")
            }
            #expect(try index.search([0, 0, 0], k: 3000, ef: 10).hits.count == 3000)
        }
    }

    /// Equal vectors cost no search each to be placed and reached, which would take minutes.
    @Test func manyEqualVectors() throws {
        let folder = TemporaryFolder()
        // So many that no two are nearly equal.
        let dimensions = 16
        let unlike = SampleVectors(count: 200, dimensions: dimensions)
        let equal = (1...dimensions).map(Float.init)
        let values = (0..<12_000).flatMap { index in
            index % 60 == 0 ? unlike.row(index / 60) : equal
        }
        let sample = SampleVectors(dimensions: dimensions, values: values)
        let builder = try HNSWBuilder(
            parameters: IndexParameters(
                dimensions: dimensions, metric: .cosine, m: 6, efConstruction: 40))
        try builder.insert(labels: sample.labels(), vectors: sample.values, threads: 2)
        #expect(builder.count == 12_000 && builder.slotCount == 201)
        builder.connect()
        try builder.checkInvariants()
        // Some are removed, some inserted again.
        builder.remove(labels: sample.labels().filter { $0 % 3 == 0 }, threads: 2)
        builder.connect()
        try builder.checkInvariants()
        try builder.save(to: folder.file("equal"), header: sampleHeader)
        let index = try HNSWIndex(path: folder.file("equal"))
        try index.checkInvariants()
        let hits = try index.search(equal, k: 100).hits
        #expect(hits.count == 100 && hits.allSatisfy { ($0.key - 1) % 60 != 0 })
    }

    @Test func refusesWhatItCannotHold() throws {
        let builder = try HNSWBuilder(parameters: IndexParameters(dimensions: 2))
        #expect(throws: IndexError.notFinite(label: 2)) {
            try builder.insert(labels: [1, 2], vectors: [1, 2, .nan, 1])
        }
        #expect(throws: IndexError.notFinite(label: 1)) {
            try builder.insert(labels: [1], vectors: [-.infinity, 1])
        }
        #expect(throws: IndexError.dimensionMismatch(expected: 2, found: 3)) {
            try builder.insert(labels: [1], vectors: [1, 2, 3])
        }
        #expect(throws: IndexError.labelNotIncreasing(previous: 2, label: 2)) {
            try builder.insert(labels: [2, 2], vectors: [1, 2, 3, 4])
        }
        // A refused call changes nothing.
        #expect(builder.count == 0 && builder.lastLabel == nil)
        try builder.insert(labels: [5], vectors: [1, 2])
        #expect(throws: IndexError.labelNotIncreasing(previous: 5, label: 4)) {
            try builder.insert(labels: [4], vectors: [1, 2])
        }
        let folder = TemporaryFolder()
        try builder.save(to: folder.file("one"), header: sampleHeader)
        let index = try HNSWIndex(path: folder.file("one"))
        #expect(throws: IndexError.notFinite(label: nil)) { try index.search([.nan, 1], k: 1) }
        #expect(throws: IndexError.dimensionMismatch(expected: 2, found: 1)) {
            try index.search([1], k: 1)
        }
        for parameters in [
            IndexParameters(dimensions: 0), IndexParameters(dimensions: 70_000),
            IndexParameters(dimensions: 2, m: 1), IndexParameters(dimensions: 2, efConstruction: 0),
        ] {
            #expect(throws: IndexError.self) { try HNSWBuilder(parameters: parameters) }
        }
    }

    /// Searches from several threads at once see the one graph.
    @Test func concurrentSearches() async throws {
        let sample = SampleVectors(count: 2000, dimensions: 20)
        let folder = TemporaryFolder()
        let (index, exact) = try Self.make(sample, IndexParameters(dimensions: 20), in: folder)
        let expected = try (0..<50).map {
            try index.search(sample.row($0), k: 5, source: exact).hits
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for row in 0..<50 {
                        let hits = try index.search(sample.row(row), k: 5, source: exact).hits
                        #expect(hits == expected[row])
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}
