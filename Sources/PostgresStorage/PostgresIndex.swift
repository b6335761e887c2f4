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
    /// The passages from which a collection gets graphs.
    let smallestGraph: Int

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
        store.canHaveGraphs(record) && record.passageCount >= smallestGraph
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
        if needsGraphs(record) { try store.buildGraphs(of: record) }
    }

    func rebuildVectors(_ record: CollectionRecord) throws {
        if needsGraphs(record) { try store.buildGraphs(of: record, rebuilding: true) }
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
        guard try statistics(of: record).state == .building else { return ([], nil) }
        let finding = CheckReport.Finding(
            .remark, subject: store.location.description,
            message: "collection '\(record.name)': its graph is not built yet",
            remedy: .rewriteCache)
        return ([finding], nil)
    }

    func repair(_ findings: [CheckReport.Finding], of record: CollectionRecord) throws {
        try update(record)
    }

    func release() {}
}
