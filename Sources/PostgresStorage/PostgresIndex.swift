import PostgresStore
import Storage
import VectorDatabase

/// By what the documents of a collection in PostgreSQL are found: pgvector's graphs, which the server keeps
/// up to date.
///
/// A collection is filled without graphs, which is much faster; a writer that ends, or has rebuilt its
/// vectors, builds those that are missing, while others write. Until then all vectors are compared.
struct PostgresIndex: CollectionIndex {
    let store: PostgresStore
    let options: PostgresOptions

    // MARK: Reading

    func retriever(
        for record: CollectionRecord, filter: MetadataPredicate?, isFresh: Bool
    ) throws -> any Retriever {
        try PostgresRetriever(store: store, record: record, filter: filter)
    }

    func statistics(of record: CollectionRecord) throws -> IndexStatistics {
        let graphs = store.canHaveGraphs(record) ? try store.graphs(of: record) : []
        let rows = graphs.reduce(0) { $0 + ($1.state == .built ? $1.passages : 0) }
        let isBuilt = !graphs.isEmpty && graphs.allSatisfy { $0.state == .built }
        let isSmall = graphs.allSatisfy { $0.state == .missing } && !needsGraphs(record)
        return IndexStatistics(
            state: isBuilt ? .graph : isSmall ? .scan : .building, options: record.index,
            graphRows: rows, tailRows: record.dimensions == 0 ? 0 : record.passageCount - rows)
    }

    private func needsGraphs(_ record: CollectionRecord) -> Bool {
        store.canHaveGraphs(record) && record.passageCount >= options.smallestGraph
    }

    /// All that there is is in the store.
    var bytesByPart: [PartBytes] { [] }

    // MARK: Writing

    func prepareForWriting(_ record: CollectionRecord?) {}

    func holding<Result>(
        for record: CollectionRecord, _ body: () throws -> Result
    ) throws -> Result { try body() }

    func follower() -> any IndexFollower { Follower(index: self) }

    func update(_ record: CollectionRecord) throws {
        guard needsGraphs(record) else { return }
        try store.buildGraphs(of: record, memory: options.maintenanceMemory)
    }

    func rebuildVectors(_ record: CollectionRecord) throws {
        guard needsGraphs(record) else { return }
        try store.buildGraphs(of: record, rebuilding: true, memory: options.maintenanceMemory)
    }

    func prepareStaged(_ record: CollectionRecord, dimensions: Int) throws {
        guard record.passageCount >= options.smallestGraph else { return }
        try store.buildStagedGraphs(
            of: record, dimensions: dimensions, memory: options.maintenanceMemory)
    }

    /// - Throws: `unavailable`: the server does that by itself.
    func rebuild(_ record: CollectionRecord) throws { try store.compact() }

    /// The graphs go and stay with their tables.
    func remove() {}
    func move(to name: String) {}

    private final class Follower: IndexFollower {
        private let index: PostgresIndex

        init(index: PostgresIndex) { self.index = index }

        let isFollowing = false
        func follow(_ record: CollectionRecord) -> Int? { nil }
        func save(_ record: CollectionRecord) throws { try index.update(record) }
    }

    // MARK: Maintenance

    func check(
        _ record: CollectionRecord
    ) throws -> (findings: [CheckReport.Finding], sampledRecall: Double?) {
        switch try statistics(of: record).state {
        case .graph: return ([], try sampledRecall(of: record))
        case .building: break
        default: return ([], nil)
        }
        let finding = CheckReport.Finding(
            .remark, subject: store.location.description,
            message: "collection '\(record.name)': its graph is not built yet",
            remedy: .rewriteCache)
        return ([finding], nil)
    }

    /// Vectors that are searched for, and the hits that are compared.
    private static let sampled = 20
    private static let depth = 10
    /// Every exact search reads all vectors.
    private static let mostPassages = 1_000_000

    /// The share of the nearest documents that the graphs find, for some of the collection's own vectors;
    /// `nil` for a collection in which to know that takes long.
    private func sampledRecall(of record: CollectionRecord) throws -> Double? {
        guard record.passageCount <= Self.mostPassages else { return nil }
        let places = (0..<Self.sampled).map { Double($0) / Double(Self.sampled) }
        let keys = try store.leadingPassages(at: places, in: record).map(\.key)
        let batch = try store.vectors(forKeys: keys, in: record)
        let retriever = try PostgresRetriever(store: store, record: record, filter: nil)
        var (found, wanted) = (0, 0)
        for row in 0..<batch.count {
            let start = row * batch.dimensions
            let vector = Array(batch.values[start..<start + batch.dimensions])
            let (exact, near) = (
                try retriever.dense(vector, depth: Self.depth, ef: nil, isExact: true).documents,
                try retriever.dense(vector, depth: Self.depth, ef: nil, isExact: false).documents
            )
            guard let worst = exact.last?.score else { continue }
            wanted += exact.count
            found += near.count { $0.score >= worst }
        }
        return wanted == 0 ? nil : Double(found) / Double(wanted)
    }

    func repair(_ findings: [CheckReport.Finding], of record: CollectionRecord) throws {
        try update(record)
    }

    func release() {}
}
