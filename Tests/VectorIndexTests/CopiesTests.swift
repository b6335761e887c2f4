import Foundation
import TestSupport
import Testing
import VectorIndex

/// Vectors that are equal, or whose codes are: they must not hide what lies around them, and each is
/// found, filtered and removed by itself.
@Suite struct CopiesTests {
    private static let dimensions = 24

    /// Copies of some vectors, inserted among or after the different ones.
    enum Shape: CaseIterable {
        case manyOfOne, someOfMany, nearlyEqual

        /// Which vector each copy is of, and by how much it is longer.
        func copies(of count: Int) -> [(row: Int, factor: Float)] {
            switch self {
            case .manyOfOne: (0..<1000).map { _ in (0, 1) }
            case .someOfMany: (0..<1000).map { ($0 % 40, 1) }
            // Too little to change a code of eight bits, or the vectors' order.
            case .nearlyEqual: (0..<1000).map { (0, 1 + Float($0 % 50) * 1e-7) }
            }
        }
    }

    private static func measure(
        _ sample: SampleVectors, _ order: [Int], _ quantization: VectorQuantization,
        near queries: [[Float]]
    ) throws -> NeighborhoodMeasure {
        try NeighborhoodMeasure(
            SampleVectors(dimensions: dimensions, values: order.flatMap(sample.row)),
            IndexParameters(
                dimensions: dimensions, quantization: quantization, m: 8, efConstruction: 80),
            near: queries)
    }

    /// As many different vectors are found with copies as without, by as many distances.
    @Test(arguments: Shape.allCases, VectorQuantization.allCases)
    func doNotHideTheirNeighborhood(_ shape: Shape, _ quantization: VectorQuantization) throws {
        let different = SampleVectors(
            count: 2500, dimensions: Self.dimensions, clusters: 8, spread: 0.35
        ).normalized
        var random = RandomSource.forTest(31)
        let copies = shape.copies(of: different.count)
        let copiedRows = Array(Set(copies.map(\.row))).sorted()
        let queries = (0..<40).map { index in
            different.row(copiedRows[index % copiedRows.count]).map { $0 + 0.1 * random.normal() }
        }
        let sample = SampleVectors(
            dimensions: Self.dimensions,
            values: different.values
                + copies.flatMap { copy in different.row(copy.row).map { $0 * copy.factor } })
        let rows = Array(0..<different.count)
        let without = try Self.measure(sample, rows, quantization, near: queries)
        let after = try Self.measure(
            sample, rows + Array(different.count..<sample.count), quantization, near: queries)
        let among = try Self.measure(
            sample, Array(0..<sample.count).shuffled(using: &random), quantization, near: queries)
        let comment = "without \(without), after \(after), among \(among)"
        #expect(without.recall >= 0.9, "\(comment)")
        #expect(after.recall >= without.recall - 0.01, "\(comment)")
        #expect(among.recall >= without.recall - 0.02, "\(comment)")
        // Floating-point vectors that differ are nodes each.
        guard shape != .nearlyEqual || quantization == .int8 else { return }
        #expect(after.nodes == without.nodes && among.nodes == without.nodes, "\(comment)")
        #expect(after.distances == without.distances, "\(comment)")
        #expect(among.distances <= without.distances * 1.1, "\(comment)")
    }

    /// Inserts and removes at random among few different vectors, saves and loads: every search finds
    /// what exact search finds, in the same order, with and without a filter; on any number of threads
    /// the file is the same.
    @Test(arguments: VectorQuantization.allCases, Metric.allCases)
    func insertedAndRemovedAtRandom(_ quantization: VectorQuantization, _ metric: Metric) throws {
        let folder = TemporaryFolder()
        let dimensions = 6
        let few = SampleVectors(count: 30, dimensions: dimensions)
        var random = RandomSource.forTest(32)
        let parameters = IndexParameters(
            dimensions: dimensions, metric: metric, quantization: quantization, m: 4,
            efConstruction: 30)
        var builders = try [1, 3].map { _ in try HNSWBuilder(parameters: parameters) }
        var live: [Int64: [Float]] = [:]
        var next: Int64 = 1
        for round in 0..<12 {
            let labels = (0..<60).map { next + Int64($0) }
            next += 61
            let vectors = labels.map { _ in
                let factor: Float = random.next() % 3 == 0 ? 1.000_01 : 1
                return few.row(Int(random.next() % 30)).map { $0 * factor }
            }
            for (label, vector) in zip(labels, vectors) { live[label] = vector }
            let gone = live.keys.sorted().filter { _ in random.next() % 3 == 0 }
            for label in gone { live[label] = nil }
            for (builder, threads) in zip(builders, [1, 3]) {
                try builder.insert(
                    labels: labels, vectors: vectors.flatMap { $0 }, threads: threads)
                #expect(
                    builder.remove(labels: gone + [next + 5], threads: threads) == gone.count)
                #expect(builder.count == live.count)
                try builder.save(to: folder.file("graph-\(threads)"), header: sampleHeader)
            }
            let files = try [1, 3].map {
                try Data(contentsOf: URL(fileURLWithPath: folder.file("graph-\($0)")))
            }
            #expect(files[0] == files[1], "round \(round)")
            let index = try HNSWIndex(path: folder.file("graph-1"))
            try index.verify()
            try index.checkInvariants()
            try Self.compare(index, live, few.row(round), folder, &random)
            if round % 4 == 3 { builders = try builders.map { _ in try .init(extending: index) } }
        }
    }

    private static func compare(
        _ index: HNSWIndex, _ live: [Int64: [Float]], _ query: [Float], _ folder: TemporaryFolder,
        _ random: inout RandomSource
    ) throws {
        let labels = live.keys.sorted()
        #expect(index.labels == labels && index.count == labels.count && index.nodeCount <= 60)
        #expect(labels.allSatisfy(index.contains) && !index.contains(label: 61))
        let writer = try VectorFileWriter(
            path: folder.file("exact"), header: sampleHeader, dimensions: query.count,
            metric: index.parameters.metric, element: .float32)
        for label in labels { try writer.append(label: label, vector: live[label]!) }
        try writer.commit()
        let exact = try VectorFile(path: folder.file("exact"))
        let few = LabelFilter(labels.filter { _ in random.next() % 9 == 0 })
        for filter in [nil, few, LabelFilter([labels[labels.count / 2]])] {
            for k in [1, 10, 1000] {
                let truth = try exact.exactSearch(query, k: k, filter: filter)
                let found = try index.search(query, k: k, ef: 60, filter: filter, source: exact)
                #expect(found.hits == truth, "k \(k)")
            }
        }
    }

    @Test func everythingEqual() throws {
        let folder = TemporaryFolder()
        for (metric, vector) in [(Metric.cosine, [Float(1), 2]), (.innerProduct, [0, 0])] {
            let builder = try HNSWBuilder(
                parameters: IndexParameters(dimensions: 2, metric: metric))
            let labels = (1...5000).map { Int64($0) }
            try builder.insert(labels: labels, vectors: labels.flatMap { _ in vector }, threads: 2)
            #expect(builder.slotCount == 1)
            builder.remove(labels: [1, 3, 4999])
            try builder.save(to: folder.file("equal"), header: sampleHeader)
            let index = try HNSWIndex(path: folder.file("equal"))
            try index.verify()
            #expect(index.count == 4997 && index.nodeCount == 1)
            #expect(try index.search([1, 1], k: 3).hits.map(\.key) == [2, 4, 5])
            let all = try index.search([1, 1], k: 9000).hits
            #expect(all.map(\.key) == index.labels)
            let filter = LabelFilter([1, 7, 4998])
            #expect(try index.search([1, 1], k: 3, filter: filter).hits.map(\.key) == [7, 4998])
            // The last of them goes, and another comes.
            let again = try HNSWBuilder(extending: index)
            #expect(again.remove(labels: index.labels) == 4997)
            #expect(again.count == 0)
            try again.insert(labels: [6000, 6001], vectors: vector + vector)
            #expect(again.slotCount == 1 && again.labels == [6000, 6001])
        }
    }
}
