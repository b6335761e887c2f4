import Synchronization
import TestSupport
import Testing
import VectorIndex

/// Long sequences of inserts and deletes.
@Suite struct ChurnTests {
    /// After half of the vectors are replaced ten times, the graph is as good as a fresh build, and
    /// not larger.
    @Test func halfReplacedTenTimes() throws {
        let folder = TemporaryFolder()
        let (count, dimensions) = (3000, 24)
        let sample = SampleVectors(count: count, dimensions: dimensions, clusters: 60, spread: 0.8)
        let parameters = IndexParameters(dimensions: dimensions, metric: .cosine, m: 8)
        let (fresh, exact) = try HNSWTests.make(sample, parameters, in: folder)
        let queries = SampleVectors(
            count: 100, dimensions: dimensions, clusters: 60, spread: 0.8, seed: 5)
        let freshRecall = try HNSWTests.recall(fresh, exact, queries: queries, ef: 20)
        let freshCost = try Self.distances(fresh, queries)

        let builder = try HNSWBuilder(extending: fresh)
        // The current label of each row; a replaced vector gets a new one.
        var labels = sample.labels()
        var random = RandomSource.forTest(8)
        for round in 0..<10 {
            let chosen = (0..<count).shuffled(using: &random).prefix(count / 2).sorted()
            builder.remove(labels: chosen.map { labels[$0] }, threads: 2)
            try builder.checkDanglingLinks()
            for (offset, row) in chosen.enumerated() {
                labels[row] = Int64((round + 1) * count + offset + 1)
            }
            try builder.insert(
                labels: chosen.map { labels[$0] }, vectors: chosen.flatMap { sample.row($0) },
                threads: 2)
            builder.connect()
            try builder.checkInvariants()
        }
        #expect(builder.count == count && builder.slotCount == count)
        try builder.save(to: folder.file("worn"), header: sampleHeader)
        let worn = try HNSWIndex(path: folder.file("worn"))
        try worn.checkInvariants()
        // Other labels have other levels, so allow for a few pages.
        #expect(abs(worn.byteCount - fresh.byteCount) < 40_000)

        let rowOfLabel = Dictionary(uniqueKeysWithValues: zip(labels, 1...Int64(count)))
        var total = 0.0
        for row in 0..<queries.count {
            let truth = try exact.exactSearch(queries.row(row), k: 10)
            let found = try worn.search(queries.row(row), k: 10, ef: 20).hits.map {
                ScoredKey(key: rowOfLabel[$0.key]!, score: $0.score)
            }
            total += recall(found, truth)
        }
        #expect(total / Double(queries.count) >= freshRecall - 0.01)
        #expect(try Self.distances(worn, queries) <= freshCost * 1.03)
    }

    /// After deletions, the remaining graph is about as good as one built from the remaining
    /// vectors.
    @Test func halfRemoved() throws {
        let folder = TemporaryFolder()
        let sample = SampleVectors(count: 4000, dimensions: 24, clusters: 60, spread: 0.8)
        let parameters = IndexParameters(dimensions: 24, metric: .cosine, m: 8)
        let builder = try HNSWBuilder(parameters: parameters)
        try builder.insert(labels: sample.labels(), vectors: sample.values, threads: 2)
        let (odd, even) = (
            sample.labels().filter { $0 % 2 == 1 }, sample.labels().filter { $0 % 2 == 0 }
        )
        #expect(builder.remove(labels: odd, threads: 2) == odd.count)
        try builder.save(to: folder.file("rest"), header: sampleHeader)
        let rest = try HNSWIndex(path: folder.file("rest"))
        try rest.checkInvariants()
        #expect(rest.labels == even)

        let anew = try HNSWBuilder(parameters: parameters)
        try anew.insert(
            labels: even, vectors: even.flatMap { sample.row(Int($0) - 1) }, threads: 2)
        try anew.save(to: folder.file("anew"), header: sampleHeader)
        let fresh = try HNSWIndex(path: folder.file("anew"))
        try sample.write(to: folder.file("vectors"), metric: .cosine)
        let exact = try VectorFile(path: folder.file("vectors"))
        let queries = SampleVectors(
            count: 100, dimensions: 24, clusters: 60, spread: 0.8, seed: 5)
        var recalls = [0.0, 0.0]
        for row in 0..<queries.count {
            let truth = try exact.exactSearch(queries.row(row), k: 10, filter: LabelFilter(even))
            for (position, index) in [rest, fresh].enumerated() {
                recalls[position] += recall(
                    try index.search(queries.row(row), k: 10, ef: 20).hits, truth)
            }
        }
        #expect(recalls[0] >= recalls[1] - 2)
        #expect(
            try Self.distances(rest, queries) <= Self.distances(fresh, queries) * 1.1)
    }

    /// Readers keep their open files and open new ones, while a writer replaces the file
    /// repeatedly: they never see half a graph, and never wait.
    @Test func searchingWhileWriting() async throws {
        let folder = TemporaryFolder()
        let sample = SampleVectors(count: 1500, dimensions: 16)
        let path = folder.file("index")
        let parameters = IndexParameters(dimensions: 16, m: 6, efConstruction: 40)
        let builder = try HNSWBuilder(parameters: parameters)
        try builder.insert(labels: sample.labels(), vectors: sample.values)
        try builder.save(to: path, header: sampleHeader)
        let first = try HNSWIndex(path: path)
        let expected = try (0..<20).map { try first.search(sample.row($0), k: 5).hits }
        let isWritten = Flag()

        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                var writer = try HNSWBuilder(extending: HNSWIndex(path: path))
                for round in 1...12 {
                    let gone = writer.labels.filter { $0 % 4 == Int64(round % 4) }
                    writer.remove(labels: gone, threads: 2)
                    let labels = gone.indices.map { Int64(round * 10_000 + $0) }
                    try writer.insert(
                        labels: labels, vectors: gone.indices.flatMap { sample.row($0) },
                        threads: 2)
                    try writer.save(to: path, header: sampleHeader)
                    if round % 3 == 0 { writer = try HNSWBuilder(extending: HNSWIndex(path: path)) }
                }
                isWritten.set()
            }
            for reader in 0..<3 {
                group.addTask {
                    var looks = 0
                    while looks < 3 || !isWritten.isSet {
                        let index = try HNSWIndex(path: path)
                        try index.checkInvariants()
                        #expect(index.count == 1500)
                        for row in 0..<20 {
                            #expect(try index.search(sample.row(row), k: 5).hits.count == 5)
                            let hits = try first.search(sample.row(row), k: 5).hits
                            #expect(hits == expected[row])
                        }
                        looks += 1
                        if reader == 0 { await Task.yield() }
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    static func distances(_ index: HNSWIndex, _ queries: SampleVectors) throws -> Double {
        try (0..<queries.count).reduce(0.0) {
            try $0 + Double(index.search(queries.row($1), k: 10, ef: 20).statistics.distances)
        }
    }

    /// Whole clusters are removed at once, so that many nodes lose all their neighbors.
    @Test func removingWholeNeighborhoods() throws {
        let sample = SampleVectors(count: 2000, dimensions: 8, clusters: 10, spread: 0.05)
        let builder = try HNSWBuilder(
            parameters: IndexParameters(dimensions: 8, metric: .euclidean, m: 4))
        try builder.insert(labels: sample.labels(), vectors: sample.values, threads: 2)
        // Nine tenths, by nearness to the first vector.
        let folder = TemporaryFolder()
        try sample.write(to: folder.file("vectors"), metric: .euclidean)
        let near = try VectorFile(path: folder.file("vectors")).exactSearch(sample.row(0), k: 1800)
        #expect(builder.remove(labels: near.map(\.key), threads: 2) == 1800)
        #expect(builder.connect() < 100)
        try builder.checkInvariants()
        try builder.save(to: folder.file("rest"), header: sampleHeader)
        let index = try HNSWIndex(path: folder.file("rest"))
        try index.checkInvariants()
        #expect(try index.search(sample.row(0), k: 500, ef: 10).hits.count == 200)
    }
}

/// Set once, seen by all threads.
private final class Flag: Sendable {
    private let value = Mutex(false)

    var isSet: Bool { value.withLock { $0 } }

    func set() { value.withLock { $0 = true } }
}

extension HNSWBuilder {
    /// Invariants that hold before `connect`, too.
    func checkDanglingLinks() throws {
        do throws(IndexError) {
            try checkInvariants()
        } catch {
            let reachability = error.description.contains("cannot be reached")
            #expect(reachability, "\(error)")
        }
    }
}
