import ArgumentParser
import FileFormat
import Foundation
import JSON
import VectorIndex
import VectorMath

/// `vdb-bench ann`: builds an index over a file of vectors and measures search at several `ef`.
struct ANNCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ann",
        abstract: "Build and search a vector index: recall, speed, size.",
        discussion: """
            Example: vdb-bench ann --base base.fvecs --queries query.fvecs --truth gt.ivecs
            Every setting of ef is run --passes times over all queries; the fastest run counts, \
            as in the comparison scripts. cpu_* figures are processor time, which other work on the \
            machine disturbs less. resident_bytes is the memory that opening and searching the index added.
            """)

    @Option(help: "Vectors to index (fvecs).") var base: String
    @Option(help: "Query vectors (fvecs).") var queries: String
    @Option(help: "True nearest rows of each query (ivecs).") var truth: String
    @Option(help: "Links of a node (M).") var m = 16
    @Option(name: .customLong("ef-construction"), help: "Candidates kept while building.")
    var efConstruction = 200
    @Option(help: "Candidates kept while searching, separated by commas.")
    var ef = "10,20,40,80,160,320"
    @Option(name: .customShort("k"), help: "Results for each query.") var k = 10
    @Option(help: "Threads for building and searching.") var threads = 1
    @Option(name: .customLong("build-threads"), help: "Threads for building; default: --threads.")
    var buildThreads: Int?
    @Option(help: "Queries of one call, which take turns; each one's latency is that of the call.")
    var batch = 1
    @Option(help: "none or int8.") var quantization = VectorQuantization.int8
    @Flag(help: "Store one-bit codes of each node's neighbors; making them counts as building.")
    var neighborCodes = false
    @Option(help: "ip, cosine or l2.") var metric = Metric.innerProduct
    @Option(help: "json or table.") var format = OutputFormat.table
    @Option(help: "Write each setting's results to P-efN.ivecs.") var out: String?
    @Flag(help: "Search the mapped file instead of a copy in memory.")
    var mapped = false
    @Flag(help: "Also time an exact scan of all vectors (exact_ms, the median).")
    var exact = false
    @Option(help: "Path of the index file to keep; an existing one is searched, not rebuilt.")
    var index: String?
    @Option(help: "Runs of all queries at each ef; the fastest counts.")
    var passes = 3
    @Flag(help: "Print the building's progress on standard error.") var progress = false

    enum OutputFormat: String, ExpressibleByArgument { case json, table }

    func validate() throws {
        guard !efValues.isEmpty, efValues.allSatisfy({ $0 > 0 }) else {
            throw ValidationError("--ef takes positive numbers separated by commas, not '\(ef)'")
        }
        guard k > 0, threads > 0, buildThreads ?? 1 > 0, passes > 0, batch > 0 else {
            throw ValidationError(
                "-k, --threads, --build-threads, --batch and --passes are at least 1")
        }
    }

    private var efValues: [Int] { ef.split(separator: ",").map { Int($0) ?? 0 } }

    func run() throws {
        let vectors = try VectorListFile(path: base)
        let queryVectors = try VectorListFile(path: queries)
        let truthRows = try VectorListFile(path: truth)
        guard truthRows.count == queryVectors.count, truthRows.dimensions >= k else {
            throw ValidationError(
                "\(truth): needs \(k) rows for each of \(queryVectors.count) queries")
        }
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("vdb-bench-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }

        var report = ANNReport()
        let indexPath = index ?? folder + "/index"
        if !FileManager.default.fileExists(atPath: indexPath) {
            try build(vectors, to: indexPath, &report)
        }
        let vectorPath = folder + "/vectors"
        if exact { try writeVectors(vectors, to: vectorPath) }

        let residentBefore = ProcessMemory.residentBytes
        let loading = ContinuousClock.now
        let graph = try HNSWIndex(path: indexPath, residency: mapped ? .mapped : .copied)
        report.loadSeconds = seconds(since: loading)
        report.indexBytes = graph.byteCount
        let source = ExactRows(file: vectors, metric: metric)
        for ef in efValues {
            let (point, answers) = try ANNMeasurement(
                index: graph, source: quantization == .int8 ? source : nil, queries: queryVectors,
                truth: truthRows, rowCount: vectors.count, k: k, ef: ef, threads: threads,
                batch: batch, passes: passes
            ).run()
            report.points.append(point)
            if let out { try VectorListFile.writeIVecs(answers, to: "\(out)-ef\(ef).ivecs") }
        }
        report.residentBytes = max(0, ProcessMemory.residentBytes - residentBefore)
        if exact {
            report.exactMs = try exactMilliseconds(VectorFile(path: vectorPath), queryVectors)
        }
        switch format {
        case .json: print(try JSONValue(encoding: report).jsonText)
        case .table: print(report.table)
        }
    }

    private func build(_ vectors: VectorListFile, to path: String, _ report: inout ANNReport) throws
    {
        var inserting = Stopwatch()
        let builder = try HNSWBuilder(
            parameters: IndexParameters(
                dimensions: vectors.dimensions, metric: metric, quantization: quantization, m: m,
                efConstruction: efConstruction))
        builder.storeNeighborCodes(neighborCodes)
        inserting.measure { builder.reserve(vectors.count) }
        // A few thousand at a time, as ingestion delivers them; reading them is not counted.
        let piece = 8192
        for first in Swift.stride(from: 0, to: vectors.count, by: piece) {
            let range = first..<min(vectors.count, first + piece)
            let rows = try vectors.rows(range)
            try inserting.measure {
                try builder.insert(
                    labels: range.map(Int64.init), vectors: rows, threads: buildThreads ?? threads)
            }
            if progress, (first / piece) % 16 == 0 { note(builder.count, inserting) }
        }
        inserting.measure { _ = builder.connect() }
        report.buildSeconds = inserting.seconds
        report.buildCpuSeconds = inserting.processorSeconds
        var saving = Stopwatch()
        try saving.measure {
            try builder.save(to: path, header: Self.header, threads: buildThreads ?? threads)
        }
        if neighborCodes {
            report.buildSeconds += saving.seconds
            report.buildCpuSeconds += saving.processorSeconds
        }
        report.saveSeconds = saving.seconds
        report.buildPeakBytes = ProcessMemory.peakBytes
    }

    private func note(_ count: Int, _ inserting: Stopwatch) {
        let line = String(
            format: "%d inserted, %.1f s, processor %.1f s, resident %.0f MB\n", count,
            inserting.seconds, inserting.processorSeconds,
            Double(ProcessMemory.residentBytes) / 1e6)
        FileHandle.standardError.write(Data(line.utf8))
    }

    private func writeVectors(_ vectors: VectorListFile, to path: String) throws {
        let writer = try VectorFileWriter(
            path: path, header: Self.header, dimensions: vectors.dimensions, metric: metric)
        for row in 0..<vectors.count {
            try writer.append(label: Int64(row), vector: vectors.row(row))
        }
        try writer.commit()
    }

    /// The median time of an exact scan for one query, over at most 50 queries.
    private func exactMilliseconds(_ flat: VectorFile, _ queries: VectorListFile) throws -> Double {
        var times: [Double] = []
        for query in 0..<min(50, queries.count) {
            let vector = Array(queries.row(query))
            let start = ContinuousClock.now
            _ = try flat.exactSearch(vector, k: k, threads: threads)
            times.append(seconds(since: start) * 1e3)
        }
        return times.sorted()[times.count / 2]
    }

    static let header = IndexHeader(
        databaseIdentity: UUID(), collection: 0, modelFingerprint: ContentHash(high: 0, low: 0),
        changeLogPosition: 0)

    private func seconds(since start: ContinuousClock.Instant) -> Double {
        (ContinuousClock.now - start) / .seconds(1)
    }
}
