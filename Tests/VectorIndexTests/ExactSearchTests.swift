import TestSupport
import Testing
import VectorIndex
import VectorMath

@Suite struct ExactSearchTests {
    /// All scores by plain arithmetic, sorted.
    static func reference(_ sample: SampleVectors, _ query: [Float], _ metric: Metric)
        -> [ScoredKey]
    {
        (0..<sample.count).map { row -> ScoredKey in
            let vector = sample.row(row)
            let score: Double
            switch metric {
            case .innerProduct: score = DotProduct.dotReference(query, vector)
            case .cosine:
                let length =
                    (DotProduct.dotReference(vector, vector)
                    * DotProduct.dotReference(query, query)).squareRoot()
                score = length == 0 ? 0 : DotProduct.dotReference(query, vector) / length
            case .euclidean: score = -DotProduct.squaredDistanceReference(query, vector)
            }
            return ScoredKey(key: Int64(row + 1), score: Double(Float(score)))
        }.sorted(by: ScoredKey.precedes)
    }

    @Test(arguments: Metric.allCases, [1, 5, 33, 128])
    func equalsSortingAllScores(_ metric: Metric, _ dimensions: Int) throws {
        let sample = SampleVectors(count: 1300, dimensions: dimensions)
        let folder = TemporaryFolder()
        for element in VectorElement.allCases {
            try sample.write(to: folder.file("vectors"), metric: metric, element: element)
            let file = try VectorFile(path: folder.file("vectors"))
            try file.verify()
            #expect(file.count == 1300 && file.header == sampleHeader && file.element == element)
            let query = SampleVectors(count: 1, dimensions: dimensions, seed: 9).row(0)
            let expected = Self.reference(sample, query, metric)
            // Half precision keeps 11 bits.
            let tolerance = element == .float32 ? 1e-5 : 4e-3
            let one = try file.exactSearch(query, k: 20)
            for (found, wanted) in zip(one, expected) {
                #expect(abs(found.score - wanted.score) <= tolerance * max(1, abs(wanted.score)))
            }
            #expect(one.count == 20)
            for threads in [2, 5] {
                #expect(try file.exactSearch(query, k: 20, threads: threads) == one)
            }
            #expect(try file.exactSearch(query, k: 5000, threads: 2).count == 1300)
            let filter = LabelFilter(stride(from: 3, to: 1300, by: 10))
            let some = try file.exactSearch(query, k: 1300, filter: filter)
            #expect(some.count == filter.count && some.allSatisfy { $0.key % 10 == 3 })
        }
    }

    @Test(arguments: Metric.allCases)
    func refusesBadQueries(_ metric: Metric) throws {
        let folder = TemporaryFolder()
        try SampleVectors(count: 3, dimensions: 5).write(to: folder.file("v"), metric: metric)
        let file = try VectorFile(path: folder.file("v"))
        for bad in [Float.nan, .infinity, -.infinity] {
            #expect(throws: IndexError.notFinite(label: nil)) {
                try file.exactSearch([1, 2, bad, 4, 5], k: 1)
            }
        }
        #expect(throws: IndexError.dimensionMismatch(expected: 5, found: 4)) {
            try file.exactSearch([1, 2, 3, 4], k: 1)
        }
    }

    @Test func tiesGoByLabel() throws {
        let folder = TemporaryFolder()
        let sample = SampleVectors(
            dimensions: 2, values: (0..<2000).flatMap { _ in [Float(1), 1] })
        try sample.write(to: folder.file("vectors"), metric: .innerProduct)
        let file = try VectorFile(path: folder.file("vectors"))
        for threads in [1, 3] {
            let hits = try file.exactSearch([1, 1], k: 7, threads: threads)
            #expect(hits.map(\.key) == Array(1...7))
        }
    }

    @Test func vectorsByLabelAndExtension() throws {
        let folder = TemporaryFolder()
        let sample = SampleVectors(count: 50, dimensions: 7)
        try sample.write(to: folder.file("old"), metric: .euclidean)
        let old = try VectorFile(path: folder.file("old"))
        #expect(old.vector(label: 50) == sample.row(49))
        #expect(old.vector(label: 51) == nil && old.vector(label: 0) == nil)

        let writer = try VectorFileWriter(
            path: folder.file("new"), header: sampleHeader, dimensions: 7, metric: .euclidean)
        try writer.append(contentsOf: old, excluding: LabelFilter([1, 2, 25, 50]))
        try writer.append(label: 1 << 40, vector: sample.row(0))
        #expect(throws: IndexError.labelNotIncreasing(previous: 1 << 40, label: 7)) {
            try writer.append(label: 7, vector: sample.row(0))
        }
        #expect(throws: IndexError.notFinite(label: 1 << 41)) {
            try writer.append(label: 1 << 41, vector: [Float](repeating: .nan, count: 7))
        }
        try writer.commit()
        let new = try VectorFile(path: folder.file("new"))
        try new.verify()
        #expect(new.labels == (3...49).filter { $0 != 25 } + [1 << 40])
        #expect(new.vector(label: 49) == sample.row(48))
        #expect(new.vector(label: 1 << 40) == sample.row(0))
        #expect(try new.exactSearch(sample.row(29), k: 1).first?.key == 30)
    }

    @Test func topHitsKeepsTheBest() {
        var random = RandomSource.forTest(3)
        for limit in [0, 1, 2, 10, 500] {
            var top = TopHits(limit: limit)
            let hits = (0..<300).map { ScoredKey(key: $0, score: Double(random.next() % 50)) }
            for hit in hits { top.insert(hit) }
            let expected = hits.sorted(by: ScoredKey.precedes).prefix(limit)
            #expect(top.hits.sorted(by: ScoredKey.precedes) == Array(expected))
        }
    }
}
