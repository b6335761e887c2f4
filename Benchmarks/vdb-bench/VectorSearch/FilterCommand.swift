import ArgumentParser
import Foundation
import RandomNumbers
import VectorIndex

/// `vdb-bench filter`: compares filtered search with an exact scan of the matching rows.
struct FilterCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "filter", abstract: "Search with filters of several selectivities.",
        discussion: """
            Example: vdb-bench filter --base base.fvecs --queries query.fvecs
            random: every row matches with the same probability. near: the rows nearest to the query \
            match. far: the farthest rows match. Each query runs five times, and so does an exact \
            float32 scan of the matching rows only; the fastest run of each counts. worst is the \
            largest ratio of the two over all queries.
            """)

    @Option(help: "Vectors to index (fvecs).") var base: String
    @Option(help: "Query vectors (fvecs).") var queries: String
    @Option(help: "Queries to use.") var count = 200
    @Option(help: "Shares of the rows that match, separated by commas.")
    var shares = "0.5,0.1,0.01,0.001"
    @Option(help: "Candidates kept while searching.") var ef = 100
    @Option(name: .customShort("k"), help: "Results for each query.") var k = 10
    @Option(help: "Threads for building.") var threads = 1
    @Option(help: "none or int8.") var quantization = VectorQuantization.int8
    @Option(help: "Path of the index file to keep; an existing one is searched, not rebuilt.")
    var index: String?

    private enum Kind: String, CaseIterable { case random, near, far }

    private static let passes = 5

    private var shareValues: [Double] { shares.split(separator: ",").compactMap { Double($0) } }

    func validate() throws {
        guard count > 0, ef > 0, k > 0, threads > 0, !shareValues.isEmpty,
            shareValues.allSatisfy({ $0 > 0 && $0 <= 1 })
        else {
            throw ValidationError(
                "--shares lie above 0 and up to 1; --count, --ef, -k and --threads are at least 1")
        }
    }

    func run() throws {
        let vectors = try VectorListFile(path: base)
        let queryVectors = try VectorListFile(path: queries)
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("vdb-bench-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = index ?? folder + "/index"
        if !FileManager.default.fileExists(atPath: path) { try build(vectors, to: path) }
        let graph = try HNSWIndex(path: path, residency: .copied)
        let exact = ExactRows(file: vectors, metric: .innerProduct)

        print(
            "filter  share  matching  recall  p50 us  p99 us   scan p50    p99   worst  scanned  distances"
        )
        for kind in Kind.allCases {
            for share in shareValues {
                var row = Row()
                let shared = kind == .random ? Self.random(vectors.count, share) : []
                for query in 0..<min(count, queryVectors.count) {
                    let vector = queryVectors.row(query)
                    let labels =
                        kind == .random
                        ? shared : Self.ranked(vectors.count, share, kind == .near, vector, exact)
                    try measure(vector, labels, graph, exact, &row)
                }
                print(row.line(kind.rawValue, share))
            }
        }
    }

    private func build(_ vectors: VectorListFile, to path: String) throws {
        let builder = try HNSWBuilder(
            parameters: IndexParameters(
                dimensions: vectors.dimensions, quantization: quantization))
        builder.reserve(vectors.count)
        for first in Swift.stride(from: 0, to: vectors.count, by: 8192) {
            let range = first..<min(vectors.count, first + 8192)
            try builder.insert(
                labels: range.map(Int64.init), vectors: vectors.rows(range), threads: threads)
        }
        try builder.save(to: path, header: ANNCommand.header)
    }

    /// Rows whose hash is small.
    private static func random(_ count: Int, _ share: Double) -> [Int64] {
        (0..<Int64(count)).filter { row in
            var hash = SeededGenerator(seed: UInt64(row))
            return Double(hash.next() >> 11) < share * Double(1 << 53)
        }
    }

    /// The nearest or farthest part of all rows, in the order of their labels.
    private static func ranked(
        _ count: Int, _ share: Double, _ nearest: Bool, _ query: UnsafeBufferPointer<Float>,
        _ exact: ExactRows
    ) -> [Int64] {
        let labels = (0..<Int64(count)).map { $0 }
        var scores = [Float](repeating: 0, count: count)
        exact.score(query, labels: labels, hints: [], into: &scores)
        let order = labels.sorted { a, b in
            let (left, right) = (scores[Int(a)], scores[Int(b)])
            return left == right ? a < b : nearest ? left > right : left < right
        }
        return order.prefix(max(1, Int(Double(count) * share))).sorted()
    }

    private func measure(
        _ query: UnsafeBufferPointer<Float>, _ labels: [Int64], _ graph: HNSWIndex,
        _ exact: ExactRows, _ row: inout Row
    ) throws {
        let filter = LabelFilter(labels)
        var (walk, scan) = (Double.infinity, Double.infinity)
        var (found, truth) = (SearchResult(hits: []), [ScoredKey]())
        for _ in 0..<Self.passes {
            var watch = Stopwatch()
            found = try watch.measure {
                try graph.search(
                    query, k: k, ef: ef, filter: filter,
                    source: quantization == .int8 ? exact : nil)
            }
            walk = min(walk, watch.seconds)
            watch = Stopwatch()
            truth = watch.measure { exact.nearest(query, k: k, among: labels) }
            scan = min(scan, watch.seconds)
        }
        let best = Set(truth.map(\.key))
        row.recalls.append(
            Double(found.hits.count { best.contains($0.key) }) / Double(max(1, best.count)))
        if found.hits.count < min(k, labels.count) { row.incomplete += 1 }
        row.matching += labels.count
        row.walks.append(walk)
        row.scans.append(scan)
        row.scanned += found.statistics.scanned ? 1 : 0
        row.distances += found.statistics.distances
    }

    /// The figures printed for one filter.
    private struct Row {
        var recalls: [Double] = []
        var walks: [Double] = []
        var scans: [Double] = []
        var (matching, incomplete, scanned, distances) = (0, 0, 0, 0)

        func line(_ kind: String, _ share: Double) -> String {
            let count = Double(recalls.count)
            func percentile(_ values: [Double], _ share: Double) -> Double {
                values.sorted()[Int(Double(values.count - 1) * share)] * 1e6
            }
            let worst = zip(walks, scans).map { $0 / $1 }.max() ?? 0
            let padded = kind.padding(toLength: 6, withPad: " ", startingAt: 0)
            return padded
                + String(
                    format: "%7.3f %9.0f  %.4f %7.1f %7.1f   %8.1f %6.1f  %6.2f  %6.0f%%  %9.0f",
                    share, Double(matching) / count, recalls.reduce(0, +) / count,
                    percentile(walks, 0.5), percentile(walks, 0.99), percentile(scans, 0.5),
                    percentile(scans, 0.99), worst, Double(scanned) / count * 100,
                    Double(distances) / count)
                + (incomplete > 0 ? "  \(incomplete) incomplete" : "")
        }
    }
}
