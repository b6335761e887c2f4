import DocumentStore
import TextBytes

extension DocumentCollection {
    /// The size and settings of the collection.
    ///
    /// - Parameter includesBytes: whether to include ``CollectionStatistics/bytes``, which reads
    ///   the whole file.
    /// - Throws: ``DatabaseError``.
    public func statistics(includesBytes: Bool = true) throws -> CollectionStatistics {
        try rethrowing {
            let record = try requireRecord()
            return CollectionStatistics(
                name: name, documents: record.documentCount, passages: record.passageCount,
                dimensions: record.dimensions, metric: record.metric,
                vectorType: record.elementType.rawValue, model: EmbedderIdentity(record),
                index: try IndexStatistics(
                    caches.vectors.snapshot(for: record, isFresh: true), of: record),
                indexedFields: try store.indexedFields(of: record),
                search: try searchSettings(of: record),
                bytes: includesBytes ? try bytesByPart() : [])
        }
    }

    /// The parts of the database file, this collection's cache files, and those of all other
    /// collections together.
    private func bytesByPart() throws -> [PartBytes] {
        var parts = try store.bytesByPart().map {
            PartBytes(part: $0.kind.rawValue, bytes: $0.bytes)
        }
        let own = database.files.cacheBytes(of: name)
        parts.append(PartBytes(part: "index_file", bytes: own.graph))
        parts.append(PartBytes(part: "vectors_file", bytes: own.vectors))
        parts.append(PartBytes(part: "lexical_files", bytes: own.words))
        let others = try store.collections().map(\.name).filter { !$0.hasSameBytes(as: name) }
        if !others.isEmpty {
            let bytes = others.map { database.files.cacheBytes(of: $0) }.reduce(0) { sum, part in
                sum + part.graph + part.vectors + part.words
            }
            parts.append(PartBytes(part: "other_collections_files", bytes: bytes))
        }
        return parts
    }
}

extension IndexStatistics {
    /// - Parameter record: the current record; the snapshot's may be older.
    init(_ snapshot: VectorSnapshot, of record: CollectionRecord) {
        let graphRows = snapshot.graph?.count ?? 0
        let state: State =
            snapshot.graph != nil
            ? .graph
            : snapshot.flat != nil || record.passageCount == 0 || record.dimensions == 0
                ? .scan : .absent
        self.init(
            state: state, options: record.index, graphRows: graphRows,
            flatRows: snapshot.flat?.count ?? 0,
            tailRows: max(0, record.passageCount - graphRows + snapshot.deletedInGraph),
            deletedRows: snapshot.deleted.count)
    }
}
