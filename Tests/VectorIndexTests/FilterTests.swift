import TestSupport
import Testing
import VectorIndex

@Suite struct FilterTests {
    static let dimensions = 24
    static let sample = SampleVectors(count: 8000, dimensions: dimensions, clusters: 80)

    /// Built once for all the tests of this suite.
    private struct Fixture: Sendable {
        let folder: TemporaryFolder
        let index: HNSWIndex
        let exact: VectorFile
    }

    private static let shared = Result {
        let folder = TemporaryFolder()
        let (index, exact) = try HNSWTests.make(
            sample, IndexParameters(dimensions: dimensions, metric: .cosine), in: folder)
        return Fixture(folder: folder, index: index, exact: exact)
    }

    private let fixture: Fixture

    init() throws { fixture = try Self.shared.get() }

    /// `k` hits whenever `k` match, nearly the best ones, and never at much more than the cost of
    /// scanning all matches.
    @Test(arguments: [0.9, 0.5, 0.1, 0.01, 0.001])
    func everySelectivity(_ share: Double) throws {
        let (index, exact) = (fixture.index, fixture.exact)
        let queries = SampleVectors(
            count: 30, dimensions: Self.dimensions, clusters: 80, seed: 4)
        var random = RandomSource.forTest(6)
        let labels = Self.sample.labels().filter { _ in
            Double.random(in: 0..<1, using: &random) < share
        }
        let filter = LabelFilter(labels)
        #expect(
            try HNSWTests.recall(index, exact, queries: queries, ef: 60, filter: filter) >= 0.95)
        for row in 0..<queries.count {
            let result = try index.search(queries.row(row), k: 10, ef: 60, filter: filter)
            #expect(result.hits.count == min(10, labels.count))
            #expect(result.hits.allSatisfy { filter.contains($0.key) })
            #expect(result.statistics.distances <= labels.count * 3 / 2 + 600)
        }
    }

    /// The matches nearest to the query, and those farthest from it.
    @Test(arguments: [true, false])
    func correlatedWithTheQuery(_ nearest: Bool) throws {
        let (index, exact) = (fixture.index, fixture.exact)
        for row in [0, 77, 1234] {
            let query = Self.sample.row(row)
            let ranking = try exact.exactSearch(query, k: Self.sample.count).map(\.key)
            let filter = LabelFilter(nearest ? ranking.prefix(2000) : ranking.suffix(2000))
            let truth = try exact.exactSearch(query, k: 10, filter: filter)
            let result = try index.search(query, k: 10, ef: 80, filter: filter, source: exact)
            #expect(result.hits.count == 10)
            // What a scan finds is scored again as far as the codes' error goes.
            #expect(recall(result.hits, truth) >= (result.statistics.scanned ? 0.99 : 0.9))
            #expect(result.statistics.distances <= 2000 * 3 / 2 + 600)
        }
    }

    /// A narrow walk among nodes that do not match gives up in time.
    @Test func matchesFarFromTheQuery() throws {
        let (index, exact) = (fixture.index, fixture.exact)
        for row in [5, 500, 5000] {
            let query = Self.sample.row(row)
            let ranking = try exact.exactSearch(query, k: Self.sample.count).map(\.key)
            let filter = LabelFilter(ranking.suffix(4000))
            let truth = try exact.exactSearch(query, k: 10, filter: filter)
            let result = try index.search(query, k: 10, ef: 12, filter: filter, source: exact)
            // What a scan finds is scored again as far as the codes' error goes.
            #expect(recall(result.hits, truth) >= (result.statistics.scanned ? 0.99 : 0.9))
            #expect(result.statistics.distances <= 4000 * 3 / 2 + 600)
        }
    }

    /// Labels with gaps and of any magnitude are found.
    @Test func labelsWithHoles() throws {
        let folder = TemporaryFolder()
        let sample = SampleVectors(count: 300, dimensions: 6)
        var random = RandomSource.forTest(21)
        for spread: Int64 in [3, 1000, .max / 4] {
            var labels = Set<Int64>(
                (0..<300).map { _ in Int64.random(in: -spread...spread, using: &random) })
            labels.formUnion([Int64.min + 1, Int64.max - 1, 0])
            let sorted = Array(labels.sorted().prefix(300))
            let builder = try HNSWBuilder(parameters: IndexParameters(dimensions: 6, m: 4))
            try builder.insert(labels: sorted, vectors: sample.rows(0..<sorted.count))
            try builder.save(to: folder.file("holes"), header: sampleHeader)
            let index = try HNSWIndex(path: folder.file("holes"))
            try index.checkInvariants()
            for share in [1, 2, 7, 40] {
                let wanted = sorted.filter { _ in random.next() % UInt64(share) == 0 }
                let strange: [Int64] = wanted.map { $0 &+ 1 } + [Int64.min, Int64.max]
                let filter = LabelFilter(wanted + strange)
                let found = try index.search(sample.row(0), k: 400, filter: filter).hits
                let expected = sorted.filter { filter.contains($0) }
                #expect(found.map(\.key).sorted() == expected)
            }
        }
    }

    @Test func fewerMatchesThanAskedFor() throws {
        let (index, exact) = (fixture.index, fixture.exact)
        let query = Self.sample.row(9)
        // Some of these labels are not in the index.
        let filter = LabelFilter([-5, 3, 17, 8000, 8001, 900_000_000_000])
        let result = try index.search(query, k: 10, filter: filter, source: exact)
        #expect(Set(result.hits.map(\.key)) == [3, 17, 8000])
        #expect(try index.search(query, k: 10, filter: LabelFilter([])).hits.isEmpty)
    }

    @Test func membership() {
        var random = RandomSource.forTest(1)
        for span in [Int64(10), 1000, 1_000_000, .max] {
            let labels = (0..<200).map { _ in Int64.random(in: -span...span, using: &random) }
            let filter = LabelFilter(labels + labels)
            let set = Set(labels)
            #expect(filter.labels == set.sorted() && filter.count == set.count)
            for label in labels {
                #expect(filter.contains(label))
                for near in [label &+ 1, label &- 1, label ^ 64, -label] {
                    #expect(filter.contains(near) == set.contains(near))
                }
            }
            #expect(filter.contains(.min) == set.contains(.min))
            #expect(filter.contains(.max) == set.contains(.max))
        }
    }
}
