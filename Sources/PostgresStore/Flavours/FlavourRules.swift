import Ranking
import Schema

/// How statements to a flavour of PostgreSQL differ from those to PostgreSQL itself, which the defaults are. Its
/// tables are in `schema/postgres/flavours`.
struct FlavourRules: Sendable {
    /// The name for messages.
    var title: String

    /// A statement without rows or with NULL where the server is not of this flavour, and what it lacks.
    var evidence: (sql: String, missing: String)?

    /// Whether graphs are of vectors of 16-bit floats.
    var hasHalves = true
    /// Settings of a search by graphs with this many candidates, for its transaction.
    var searchSettings: @Sendable (_ ef: Int) -> [String] = { ef in
        [
            "hnsw.ef_search = \(min(max(ef, 1), 1000))", "hnsw.iterative_scan = strict_order",
            // How many rows a walk may visit until it has enough that match.
            "hnsw.max_scan_tuples = 20000",
        ] + FlavourRules.joinsByKey
    }
    /// Settings of a transaction that looks up rows by their keys alone.
    var lookupSettings = ["enable_seqscan = off"]
    /// Whether a walk goes on until enough rows match a filter. If not, those that match are compared one by
    /// one.
    var walksWithFilter = true
    /// Whether one statement searches all places: the system divides it by itself. If not, it is written out by
    /// place.
    var searchesAtOnce = false

    /// The numbers of a collection's places.
    var placeNumbers: @Sendable (_ count: Int) -> [Int] = { Array(0..<$0) }

    /// Whether rows that others have locked can be left out.
    var skipsLocked = true
    /// Between INDEX and its name, when one is dropped.
    var concurrently = " CONCURRENTLY"
    /// Settings of a connection that builds a graph.
    var buildSettings: @Sendable (_ memory: Int?) -> [String] = { memory in
        memory.map { ["maintenance_work_mem=\(max(1, $0 >> 10))kB"] } ?? []
    }

    /// The bytes of a table with its indexes, by its oid; `nil` if the system does not say.
    var tableSize: String? = "pg_total_relation_size(c.oid)"
    /// Whether PostgreSQL's settings say what an acknowledgment is worth.
    var hasDurabilitySettings = true

    /// What was found is joined with its documents by their keys. The planner would rather read all documents
    /// of a place, up to some ten thousand.
    static let joinsByKey = ["enable_hashjoin = off", "enable_mergejoin = off"]

    static let postgres = FlavourRules(title: "PostgreSQL")
}

extension FlavourRules {
    /// The distance by which a graph orders vectors, from `$1`.
    func graphDistance(_ metric: Metric, dimensions: Int) -> String {
        guard hasHalves else { return "v.value \(metric.operation) $1::vector" }
        let half = "halfvec(\(dimensions))"
        return "(v.value::\(half)) \(metric.operation) $1::vector::\(half)"
    }
}

extension SchemaFlavour {
    var rules: FlavourRules {
        switch self {
        case .postgres: .postgres
        case .citus: .citus
        case .cockroach: .cockroach
        case .yugabyte: .yugabyte
        }
    }

    /// What a server calls itself.
    ///
    /// - Parameters:
    ///   - version: what `version()` says.
    ///   - hasCitus: whether the database has the extension.
    package init(version: String, hasCitus: Bool) {
        if version.hasPrefix("CockroachDB") {
            self = .cockroach
        } else if version.contains("-YB-") {
            self = .yugabyte
        } else {
            self = hasCitus ? .citus : .postgres
        }
    }
}

extension Metric {
    /// pgvector's operator, which is smaller for nearer vectors.
    var operation: String {
        switch self {
        case .innerProduct: "<#>"
        case .cosine: "<=>"
        case .euclidean: "<->"
        }
    }

    /// pgvector's name of a graph by this metric, without the type of its vectors.
    var operatorClass: String {
        switch self {
        case .innerProduct: "ip_ops"
        case .cosine: "cosine_ops"
        case .euclidean: "l2_ops"
        }
    }
}
