import Testing
import VectorIndex

/// Inserts and deletes for ever.
@Suite struct ChurnTests {
    /// Half of the vectors replaced ten times over: as good as a fresh build, and not larger.
    @Test func halfReplacedTenTimes() throws {
        let folder = try TemporaryFolder()
        let (count, dimensions) = (3000, 24)
        let sample = SampleVectors(count: count, dimensions: dimensions, clusters: 60, spread: 0.8)
        let parameters = IndexParameters(dimensions: dimensions, metric: .cosine, m: 8)
        let (fresh, exact) = try HNSWTests.make(sample, parameters, in: folder)
        let queries = SampleVectors(
            count: 100, dimensions: dimensions, clusters: 60, spread: 0.8, seed: 5)
        let freshRecall = try HNSWTests.recall(fresh, exact, queries: queries, ef: 20)
        let freshCost = try Self.distances(fresh, queries)

        let builder = try HNSWBuilder(extending: fresh)
        // Label of each row now; a replaced vector gets a new label.
        var labels = sample.labels()
        var random = SeededRandom(seed: 8)
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
        // Other labels draw other levels: within a few pages.
        #expect(abs(worn.byteCount - fresh.byteCount) < 40_000)

        let rowOfLabel = Dictionary(uniqueKeysWithValues: zip(labels, 1...Int64(count)))
        var total = 0.0
        for row in 0..<queries.count {
            let truth = try exact.exactSearch(queries.row(row), k: 10)
            let found = try worn.search(queries.row(row), k: 10, ef: 20).hits.map {
                Hit(label: rowOfLabel[$0.label]!, score: $0.score)
            }
            total += recall(found, truth)
        }
        #expect(total / Double(queries.count) >= freshRecall - 0.02)
        #expect(try Self.distances(worn, queries) <= freshCost * 1.15)
    }

    static func distances(_ index: HNSWIndex, _ queries: SampleVectors) throws -> Double {
        try (0..<queries.count).reduce(0.0) {
            try $0 + Double(index.search(queries.row($1), k: 10, ef: 20).statistics.distances)
        }
    }

    /// Whole clusters vanish at once, so that many nodes lose every neighbour they had.
    @Test func removingWholeNeighbourhoods() throws {
        let sample = SampleVectors(count: 2000, dimensions: 8, clusters: 10, spread: 0.05)
        let builder = try HNSWBuilder(parameters: IndexParameters(dimensions: 8, metric: .l2, m: 4))
        try builder.insert(labels: sample.labels(), vectors: sample.values, threads: 2)
        // Nine tenths, by nearness to the first vector.
        let folder = try TemporaryFolder()
        try sample.write(to: folder.file("vectors"), metric: .l2)
        let near = try VectorFile(path: folder.file("vectors")).exactSearch(sample.row(0), k: 1800)
        #expect(builder.remove(labels: near.map(\.label), threads: 2) == 1800)
        #expect(builder.connect() < 100)
        try builder.checkInvariants()
        try builder.save(to: folder.file("rest"), header: sampleHeader)
        let index = try HNSWIndex(path: folder.file("rest"))
        try index.checkInvariants()
        #expect(try index.search(sample.row(0), k: 500, ef: 10).hits.count == 200)
    }
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
