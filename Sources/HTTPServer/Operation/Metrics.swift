import Foundation
import Synchronization
import TextBytes
import VectorDatabase

/// Counters and histograms in Prometheus' text format 0.0.4. All are there from the start, at 0.
final class Metrics: Sendable {
    private struct State {
        var requests: [RequestLabels: Int] = [:]
        var seconds: [String: Histogram] = [:]
        var rejected: [String: Int] = [:]
        var queries: [QueryLabels: Histogram] = [:]
        var phases: [String: Histogram] = [:]
        var documents: [DocumentLabels: Int] = [:]
        var commits = Histogram()
        /// The names of collections that have labels of their own.
        var collections: Set<Identifier> = []
    }

    private struct QueryLabels: Hashable, Comparable {
        let collection: String
        let mode: String

        static func < (one: Self, other: Self) -> Bool {
            (one.collection, one.mode) < (other.collection, other.mode)
        }
    }

    private struct DocumentLabels: Hashable, Comparable {
        let collection: String
        let outcome: String

        static func < (one: Self, other: Self) -> Bool {
            (one.collection, one.outcome) < (other.collection, other.outcome)
        }
    }

    /// The most values of the label `collection`; further collections are `other`.
    private static let largestCount = 100

    private static func label(_ collection: String, _ state: inout State) -> String {
        if state.collections.contains(Identifier(collection)) { return collection }
        guard state.collections.count < largestCount else { return "other" }
        state.collections.insert(Identifier(collection))
        return collection
    }

    private struct RequestLabels: Hashable {
        let route: String
        let method: String
        let status: Int
    }

    private let state = Mutex(State())
    private let version: String
    private let queue: EmbeddingQueue

    init(version: String, queue: EmbeddingQueue) {
        self.version = version
        self.queue = queue
    }

    func request(route: String, method: String, status: Int, seconds: Double) {
        // Clients choose methods, so that any other is one.
        let method = Self.methods.contains(method) ? method : "other"
        state.withLock { state in
            state.requests[
                RequestLabels(route: route, method: method, status: status), default: 0] += 1
            state.seconds[route, default: Histogram()].add(seconds)
        }
    }

    private static let methods: Set = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

    /// Counts requests that were turned away, rather than answered badly.
    func rejected(_ problem: Problem) {
        guard Self.reasons.contains(problem.code) else { return }
        state.withLock { $0.rejected[problem.code, default: 0] += 1 }
    }

    private static let reasons = [
        "body_too_large", "client_gone", "collection_not_allowed", "embedder_busy", "head_too_long",
        "host_not_allowed",
        "key_missing", "key_reads_only", "key_unknown", "line_too_long", "origin_not_allowed",
        "reranker_busy", "server_reads_only", "shutting_down", "timed_out", "too_many_writes",
    ]

    func answered(_ answer: Answer, collection: String) {
        state.withLock { state in
            let labels = QueryLabels(
                collection: Self.label(collection, &state), mode: answer.mode.rawValue)
            state.queries[labels, default: Histogram()].add(answer.duration / .seconds(1))
            for phase in answer.explanation.phases {
                state.phases[phase.name, default: Histogram()].add(phase.milliseconds / 1000)
            }
        }
    }

    @Sendable func committed(_ duration: Duration) {
        state.withLock { $0.commits.add(duration / .seconds(1)) }
    }

    func ingested(_ summary: IngestSummary, collection: String) {
        state.withLock { state in
            let collection = Self.label(collection, &state)
            for (outcome, count) in [
                ("inserted", summary.inserted), ("replaced", summary.replaced),
                ("unchanged", summary.unchanged), ("skipped", summary.skipped),
                ("failed", summary.failed),
            ] {
                state.documents[
                    DocumentLabels(collection: collection, outcome: outcome), default: 0] += count
            }
        }
    }

    /// The page for Prometheus.
    ///
    /// - Parameter collections: statistics of the collections, of which only some have labels.
    func text(_ collections: [CollectionStatistics]) -> String {
        let state = state.withLock { $0 }
        var page = MetricsPage()
        for (name, help, value) in [
            ("vdb_documents", "Documents stored.", \CollectionStatistics.documents),
            ("vdb_passages", "Passages stored.", \.passages),
            (
                "vdb_index_tail_rows", "Passages that are not yet in the graph.",
                \.index.tailRows
            ),
        ] {
            page.family(name, .gauge, help)
            for collection in collections.prefix(Self.largestCount) {
                page.sample(
                    name, [("collection", collection.name)], "\(collection[keyPath: value])")
            }
        }
        page.family("vdb_query_seconds", .histogram, "Time of queries in the database.")
        for (labels, histogram) in state.queries.sorted(by: { $0.key < $1.key }) {
            page.histogram(
                "vdb_query_seconds", [("collection", labels.collection), ("mode", labels.mode)],
                histogram)
        }
        page.family("vdb_query_phase_seconds", .histogram, "Time of the steps of queries.")
        for (phase, histogram) in state.phases.sorted(by: { $0.key < $1.key }) {
            page.histogram("vdb_query_phase_seconds", [("phase", phase)], histogram)
        }
        page.family("vdb_ingest_documents_total", .counter, "Documents settled.")
        for (labels, count) in state.documents.sorted(by: { $0.key < $1.key }) {
            page.sample(
                "vdb_ingest_documents_total",
                [("collection", labels.collection), ("outcome", labels.outcome)], "\(count)")
        }
        page.family(
            "vdb_commit_seconds", .histogram, "Time until stored documents are synced.")
        page.histogram("vdb_commit_seconds", [], state.commits)
        page.family("vdb_build_info", .gauge, "The version of vdb.")
        page.sample("vdb_build_info", [("version", version)], "1")
        page.family("vdb_http_requests_total", .counter, "Requests answered.")
        for (labels, count) in state.requests.sorted(by: { "\($0.key)" < "\($1.key)" }) {
            page.sample(
                "vdb_http_requests_total",
                [
                    ("route", labels.route), ("method", labels.method),
                    ("status", "\(labels.status)"),
                ], "\(count)")
        }
        page.family(
            "vdb_http_request_seconds", .histogram, "Time until the head of the answer.")
        for (route, histogram) in state.seconds.sorted(by: { $0.key < $1.key }) {
            page.histogram("vdb_http_request_seconds", [("route", route)], histogram)
        }
        page.family("vdb_rejected_total", .counter, "Requests turned away, by reason.")
        for reason in Self.reasons {
            page.sample(
                "vdb_rejected_total", [("reason", reason)], "\(state.rejected[reason] ?? 0)")
        }
        queue.write(to: &page)
        page.family("process_resident_memory_bytes", .gauge, "Resident memory.")
        page.sample("process_resident_memory_bytes", [], "\(Self.residentMemory)")
        return page.text
    }

    /// Resident bytes; 0 where /proc does not tell.
    private static var residentMemory: Int {
        let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
        let parts = text.split(separator: " ")
        return (parts.count > 1 ? Int(parts[1]) ?? 0 : 0) * Int(sysconf(Int32(_SC_PAGESIZE)))
    }
}

/// Counts of values below bounds.
struct Histogram: Sendable {
    /// Seconds from 1 ms to 30 s.
    static let seconds = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
    ]
    let bounds: [Double]
    private(set) var counts: [Int]
    private(set) var count = 0
    private(set) var sum = 0.0

    init(bounds: [Double] = seconds) {
        self.bounds = bounds
        counts = [Int](repeating: 0, count: bounds.count)
    }

    mutating func add(_ value: Double) {
        for index in bounds.indices where value <= bounds[index] { counts[index] += 1 }
        count += 1
        sum += value
    }
}

/// Text of metrics that is being written.
struct MetricsPage {
    enum Kind: String { case counter, gauge, histogram }

    private(set) var text = ""

    mutating func family(_ name: String, _ kind: Kind, _ help: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
    }

    mutating func sample(_ name: String, _ labels: [(String, String)], _ value: String) {
        let written = labels.map { "\($0.0)=\"\(Self.escaped($0.1))\"" }.joined(separator: ",")
        text += name + (written.isEmpty ? "" : "{\(written)}") + " \(value)\n"
    }

    mutating func histogram(
        _ name: String, _ labels: [(String, String)], _ histogram: Histogram
    ) {
        for (bound, count) in zip(histogram.bounds, histogram.counts) {
            sample(name + "_bucket", labels + [("le", "\(bound)")], "\(count)")
        }
        sample(name + "_bucket", labels + [("le", "+Inf")], "\(histogram.count)")
        sample(name + "_sum", labels, "\(histogram.sum)")
        sample(name + "_count", labels, "\(histogram.count)")
    }

    private static func escaped(_ value: String) -> String {
        value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
            .replacing("\n", with: "\\n")
    }
}
