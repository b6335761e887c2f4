import ArgumentParser
import Foundation
import RandomNumbers
import VectorIndex

/// `vdb-bench churn`: measures an index after many deletions and insertions.
struct ChurnCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "churn",
        abstract: "Delete and re-insert half of the vectors repeatedly.",
        discussion: """
            Example: vdb-bench churn --base base.fvecs --queries query.fvecs --truth gt.ivecs
            Each round removes a random half, inserts the same vectors under new labels, connects, \
            checks every invariant, saves, and continues from the saved file, as a database does. \
            Prints the figures of the fresh index and of the worn one, and their ratio.
            """)

    @Option(help: "Vectors to index (fvecs).") var base: String
    @Option(help: "Query vectors (fvecs).") var queries: String
    @Option(help: "True nearest rows of each query (ivecs).") var truth: String
    @Option(help: "Rounds of deleting and inserting.") var rounds = 10
    @Option(help: "Candidates kept while searching, separated by commas.")
    var ef = "10,20,40,80,160"
    @Option(name: .customShort("k"), help: "Results for each query.") var k = 10
    @Option(help: "Links of a node (M).") var m = 16
    @Option(help: "Threads for building.") var threads = 1
    @Option(help: "none or int8.") var quantization = VectorQuantization.int8
    @Option(help: "Seed that chooses the removed vectors.") var seed: UInt64 = 1

    private var efValues: [Int] { ef.split(separator: ",").compactMap { Int($0) } }

    func validate() throws {
        guard rounds > 0, k > 0, threads > 0, !efValues.isEmpty, efValues.allSatisfy({ $0 > 0 })
        else { throw ValidationError("--rounds, --ef, -k and --threads are at least 1") }
    }

    func run() throws {
        let vectors = try VectorListFile(path: base)
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("vdb-bench-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }

        var labels = (0..<vectors.count).map(Int64.init)
        let builder = try HNSWBuilder(
            parameters: IndexParameters(
                dimensions: vectors.dimensions, quantization: quantization, m: m))
        builder.reserve(vectors.count)
        var building = Stopwatch()
        try insert(0..<vectors.count, of: vectors, labels, into: builder, &building)
        try builder.save(to: folder + "/fresh", header: ANNCommand.header)
        print(String(format: "fresh: built in %.1f s of processor time", building.processorSeconds))

        var path = folder + "/fresh"
        var random = SeededGenerator(seed: seed)
        for round in 1...rounds {
            path = try wear(path, round: round, vectors, &labels, &random, in: folder)
        }
        try compare(fresh: folder + "/fresh", worn: path, vectors)
    }

    /// One round; returns the path of the file that it wrote.
    private func wear(
        _ path: String, round: Int, _ vectors: VectorListFile, _ labels: inout [Int64],
        _ random: inout SeededGenerator, in folder: String
    ) throws -> String {
        let builder = try HNSWBuilder(extending: HNSWIndex(path: path))
        let half = (0..<vectors.count).shuffled(using: &random).prefix(vectors.count / 2).sorted()
        var (removing, inserting) = (Stopwatch(), Stopwatch())
        removing.measure {
            _ = builder.remove(labels: half.map { labels[$0] }, threads: threads)
        }
        for row in half { labels[row] = Int64(round * vectors.count + row) }
        try insert(half, of: vectors, labels, into: builder, &inserting)
        let stranded = builder.connect()
        try builder.checkInvariants()
        let next = folder + "/worn-\(round)"
        try builder.save(to: next, header: ANNCommand.header)
        let index = try HNSWIndex(path: next)
        try index.checkInvariants()
        if round > 1 { try FileManager.default.removeItem(atPath: path) }
        print(
            String(
                format:
                    "round %2d: removed in %.1f s, inserted in %.1f s of processor time; %d were stranded and linked; %d slots; file %.2f MB; resident %.0f MB",
                round, removing.processorSeconds, inserting.processorSeconds, stranded,
                builder.slotCount, Double(index.byteCount) / 1e6,
                Double(ProcessMemory.residentBytes) / 1e6))
        return next
    }

    private func insert(
        _ rows: some RandomAccessCollection<Int>, of vectors: VectorListFile, _ labels: [Int64],
        into builder: HNSWBuilder, _ stopwatch: inout Stopwatch
    ) throws {
        var rest = rows[...]
        while !rest.isEmpty {
            let piece = rest.prefix(8192)
            rest = rest.dropFirst(8192)
            let values = piece.flatMap { vectors.row($0) }
            try stopwatch.measure {
                try builder.insert(
                    labels: piece.map { labels[$0] }, vectors: values, threads: threads)
            }
        }
    }

    private func compare(fresh: String, worn: String, _ vectors: VectorListFile) throws {
        let queryVectors = try VectorListFile(path: queries)
        let truthRows = try VectorListFile(path: truth)
        let indices = [fresh, worn].map { try? HNSWIndex(path: $0, residency: .copied) }
        print(
            "  ef   recall fresh   worn   distances fresh   worn  ratio   cpu us fresh   worn  ratio"
        )
        var curves: [[ANNReport.Point]] = [[], []]
        for ef in efValues {
            var pair: [ANNReport.Point] = []
            for (position, index) in indices.enumerated() {
                guard let index else { continue }
                let (point, _) = try ANNMeasurement(
                    index: index,
                    source: quantization == .int8
                        ? ExactRows(file: vectors, metric: .innerProduct) : nil,
                    queries: queryVectors, truth: truthRows, rowCount: vectors.count, k: k, ef: ef,
                    threads: 1, passes: 7
                ).run()
                pair.append(point)
                curves[position].append(point)
            }
            print(
                String(
                    format:
                        "%4d         %.4f %.4f          %7.1f %7.1f %5.3f         %6.1f %6.1f %5.3f",
                    ef, pair[0].recall, pair[1].recall, pair[0].distances, pair[1].distances,
                    pair[1].distances / pair[0].distances, pair[0].cpuUs, pair[1].cpuUs,
                    pair[1].cpuUs / pair[0].cpuUs))
        }
        for wanted in [0.95, 0.99] {
            let costs = curves.map { Self.cost($0, at: wanted, \.distances) }
            let times = curves.map { Self.cost($0, at: wanted, \.cpuUs) }
            guard let fresh = costs[0], let worn = costs[1], let quick = times[0],
                let slow = times[1]
            else { continue }
            print(
                String(
                    format:
                        "at recall %.2f: distances %.1f and %.1f, ratio %.3f; cpu us ratio %.3f",
                    wanted, fresh, worn, worn / fresh, slow / quick))
        }
    }

    /// `value` at a recall, log-linear between the neighboring points.
    private static func cost(
        _ points: [ANNReport.Point], at wanted: Double, _ value: KeyPath<ANNReport.Point, Double>
    ) -> Double? {
        for (low, high) in zip(points, points.dropFirst())
        where low.recall <= wanted && wanted <= high.recall {
            let share = (wanted - low.recall) / max(high.recall - low.recall, 1e-9)
            return low[keyPath: value] * pow(high[keyPath: value] / low[keyPath: value], share)
        }
        return nil
    }
}
