import Foundation
import TestSupport
import Testing
import VectorIndex

/// Searches by one-bit codes of neighbors, compared with exact search and with the plain walk.
@Suite struct NeighborCodesTests {
    let folder = TemporaryFolder()

    private func build(
        _ sample: SampleVectors, _ parameters: IndexParameters, codes: Bool = true,
        threads: Int = 2,
        as name: String = "codes"
    ) throws -> HNSWIndex {
        let builder = try HNSWBuilder(parameters: parameters)
        builder.storeNeighborCodes(codes)
        try builder.insert(labels: sample.labels(), vectors: sample.values, threads: threads)
        return try save(builder, as: name, threads: threads)
    }

    private func save(_ builder: HNSWBuilder, as name: String, threads: Int = 2) throws -> HNSWIndex
    {
        try builder.save(to: folder.file(name), header: sampleHeader, threads: threads)
        let index = try HNSWIndex(path: folder.file(name))
        try index.checkInvariants()
        try index.verify()
        return index
    }

    private func exact(_ sample: SampleVectors, _ metric: Metric) throws -> VectorFile {
        try sample.write(to: folder.file("vectors"), metric: metric)
        return try VectorFile(path: folder.file("vectors"))
    }

    /// Odd dimensions, and lists of less than, exactly, and more than 32 links.
    @Test(arguments: Metric.allCases, [(48, 16), (100, 10), (33, 24)])
    func findsWhatExactSearchFinds(_ metric: Metric, _ shape: (dimensions: Int, m: Int)) throws {
        var sample = SampleVectors(count: 8000, dimensions: shape.dimensions, clusters: 100)
        if metric == .innerProduct { sample = sample.normalized }
        let parameters = IndexParameters(
            dimensions: shape.dimensions, metric: metric, m: shape.m, efConstruction: 100)
        let index = try build(sample, parameters)
        #expect(index.hasNeighborCodes)
        let plain = try build(sample, parameters, codes: false, as: "plain")
        #expect(!plain.hasNeighborCodes)
        let exact = try exact(sample, metric)
        let queries = SampleVectors(
            count: 100, dimensions: shape.dimensions, clusters: 100, seed: 2)
        let recall = try HNSWTests.recall(index, exact, queries: queries, ef: 60)
        #expect(recall >= 0.97)
        #expect(try recall >= HNSWTests.recall(plain, exact, queries: queries, ef: 60) - 0.01)
        let own = try index.search(queries.row(0), k: 10, ef: 60).statistics
        let others = try plain.search(queries.row(0), k: 10, ef: 60).statistics
        #expect(own.distances < others.distances && !own.scanned)
        let copy = try HNSWIndex(path: index.path, residency: .copied)
        #expect(
            try copy.search(queries.row(1), k: 10).hits == index.search(queries.row(1), k: 10).hits)
        // Scores without exact vectors are those of the 8-bit codes, as in a plain walk.
        let scores = Dictionary(
            uniqueKeysWithValues: try plain.search(queries.row(2), k: 10, ef: 60).hits.map {
                ($0.key, $0.score)
            })
        for hit in try index.search(queries.row(2), k: 10, ef: 60).hits {
            if let score = scores[hit.key] { #expect(abs(hit.score - score) <= 1e-5 * abs(score)) }
        }
    }

    /// A batch finds what its queries find one at a time, at the same cost.
    @Test(arguments: [1, 2, 3, 4, 50], [true, false])
    func batches(_ count: Int, _ codes: Bool) throws {
        let sample = SampleVectors(count: 3000, dimensions: 40, clusters: 60)
        let index = try build(
            sample, IndexParameters(dimensions: 40, metric: .cosine), codes: codes)
        let exact = try exact(sample, .cosine)
        let queries = SampleVectors(count: count, dimensions: 40, clusters: 60, seed: 8)
        // A walk of all nodes, one that is short, and one behind whose end a plain walk follows.
        for (k, ef) in [(10, 40), (1, 1), (3000, 10), (0, 10)] {
            for source in [exact, nil] {
                let results = try queries.values.withUnsafeBufferPointer {
                    try index.search(batch: $0, k: k, ef: ef, source: source)
                }
                #expect(results.count == count)
                for row in 0..<count {
                    let alone = try index.search(queries.row(row), k: k, ef: ef, source: source)
                    #expect(results[row].hits == alone.hits)
                    #expect(results[row].statistics == alone.statistics)
                }
            }
        }
    }

    @Test func batchesThatAreRefused() throws {
        let sample = SampleVectors(count: 500, dimensions: 8)
        let index = try build(sample, IndexParameters(dimensions: 8))
        func search(_ values: [Float]) throws -> [SearchResult] {
            try values.withUnsafeBufferPointer { try index.search(batch: $0, k: 5) }
        }
        #expect(try search([]).isEmpty)
        #expect(throws: IndexError.dimensionMismatch(expected: 8, found: 3)) {
            try search([Float](repeating: 1, count: 19))
        }
        var damaged = Array(sample.values[..<80])
        damaged[70] = .nan
        #expect(throws: IndexError.notFinite(label: nil)) { try search(damaged) }
        // What was refused leaves nothing behind.
        #expect(
            try search(Array(sample.values[..<80])).map(\.hits.count)
                == Array(repeating: 5, count: 10))
    }

    @Test func threadsDoNotMatter() throws {
        let sample = SampleVectors(count: 5000, dimensions: 40)
        let parameters = IndexParameters(dimensions: 40, metric: .euclidean, m: 8)
        let files = try [1, 2, 7].map { threads in
            _ = try build(sample, parameters, threads: threads)
            return try Data(contentsOf: URL(fileURLWithPath: folder.file("codes")))
        }
        #expect(files[0] == files[1] && files[0] == files[2])
    }

    /// Codes are made anew from the graph as it is after insertions and removals, and kept by a
    /// builder that extends a graph that has them.
    @Test func insertionsAndRemovals() throws {
        let sample = SampleVectors(count: 6000, dimensions: 32, clusters: 60)
        let parameters = IndexParameters(dimensions: 32, metric: .cosine)
        let builder = try HNSWBuilder(parameters: parameters)
        builder.storeNeighborCodes(true)
        let labels = sample.labels()
        try builder.insert(
            labels: Array(labels[..<3000]), vectors: sample.rows(0..<3000), threads: 2)
        let first = try save(builder, as: "first")
        let second = try HNSWBuilder(extending: first)
        #expect(second.storesNeighborCodes)
        second.remove(labels: labels.filter { $0 <= 3000 && $0 % 3 == 0 }, threads: 2)
        try second.insert(
            labels: Array(labels[3000...]), vectors: sample.rows(3000..<6000), threads: 2)
        let index = try save(second, as: "second")
        #expect(index.hasNeighborCodes && index.count == 5000)
        let exact = try exact(sample, .cosine)
        let present = LabelFilter(labels.filter { $0 > 3000 || $0 % 3 != 0 })
        let queries = SampleVectors(count: 60, dimensions: 32, clusters: 60, seed: 4)
        var total = 0.0
        for row in 0..<queries.count {
            let truth = try exact.exactSearch(queries.row(row), k: 10, filter: present)
            let found = try index.search(queries.row(row), k: 10, ef: 80, source: exact)
            total += recall(found.hits, truth)
        }
        #expect(total / Double(queries.count) >= 0.97)

        // Without them the file is one that earlier versions read.
        second.storeNeighborCodes(false)
        let without = try save(second, as: "without")
        #expect(!without.hasNeighborCodes)
        func version(_ name: String) throws -> UInt8 {
            try Data(contentsOf: URL(fileURLWithPath: folder.file(name)))[8]
        }
        #expect(try version("without") == 3)
        #expect(try version("second") == 4)
        // A filter walks by the 8-bit codes or scans, with codes or without.
        for filter in [LabelFilter(1...4000), LabelFilter(1...100)] {
            #expect(
                try index.search(queries.row(0), k: 10, filter: filter, source: exact).hits
                    == without.search(queries.row(0), k: 10, filter: filter, source: exact).hits)
        }
    }

    /// Copies and near copies share a node, in whatever way it is found.
    @Test func copies() throws {
        let different = SampleVectors(count: 3000, dimensions: 24, clusters: 40)
        let sample = SampleVectors(
            dimensions: 24,
            values: different.values + (0..<500).flatMap { _ in different.row(7) }
                + (0..<100).flatMap { different.row($0).map { $0 * 1.000_01 } })
        let index = try build(sample, IndexParameters(dimensions: 24, metric: .cosine))
        #expect(index.count == 3600 && index.nodeCount <= 3000)
        let exact = try exact(sample, .cosine)
        let hits = try index.search(different.row(7), k: 50, ef: 60, source: exact).hits
        #expect(hits.count == 50 && hits.allSatisfy { $0.score > 0.9999 })
        for row in 0..<40 {
            let truth = try exact.exactSearch(different.row(row), k: 10)
            let worst = try #require(truth.last).score
            let found = try index.search(different.row(row), k: 10, ef: 60, source: exact).hits
            #expect(found.count { $0.score >= worst - 1e-6 } >= 9, "row \(row)")
        }
    }

    /// Queries and graphs that estimates say nothing about.
    @Test func extremes() throws {
        let tiny = try build(
            SampleVectors(dimensions: 4, values: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0]),
            IndexParameters(dimensions: 4))
        #expect(try tiny.search([0, 1, 0, 0], k: 100).hits.map(\.key) == [2, 1, 3])
        #expect(try tiny.search([0, 0, 0, 0], k: 3).hits.count == 3)
        let empty = try HNSWBuilder(parameters: IndexParameters(dimensions: 4))
        empty.storeNeighborCodes(true)
        #expect(try save(empty, as: "empty").search([1, 2, 3, 4], k: 5).hits.isEmpty)
        let floats = try HNSWBuilder(
            parameters: IndexParameters(dimensions: 4, quantization: .none))
        floats.storeNeighborCodes(true)
        #expect(!floats.storesNeighborCodes)
        // As many as there are, from a graph of great and small lengths, for huge and tiny queries.
        var sample = SampleVectors(count: 800, dimensions: 20)
        for row in 0..<800 where row % 4 == 0 {
            for i in row * 20..<(row + 1) * 20 { sample.values[i] *= row % 8 == 0 ? 1e15 : 1e-15 }
        }
        for metric in Metric.allCases {
            let index = try build(sample, IndexParameters(dimensions: 20, metric: metric, m: 4))
            for scale: Float in [1, 1e12, 1e-30] {
                let query = sample.row(1).map { $0 * scale }
                #expect(try index.search(query, k: 800, ef: 10).hits.count == 800)
                #expect(try index.search(query, k: 10, ef: 10).hits.count == 10)
            }
        }
    }
}
