import DocumentStore

extension DocumentCollection {
    /// Counts, model, index and bytes. Reads the whole file to tell the bytes of its parts, unless
    /// `includesBytes` is false.
    public func statistics(includesBytes: Bool = true) throws -> CollectionStatistics {
        try rethrowing {
            let record = try requireRecord()
            return CollectionStatistics(
                name: name, documents: record.documentCount, passages: record.passageCount,
                dimensions: record.dimensions, metric: Metric(record.metric),
                vectorType: record.elementType.rawValue, model: EmbedderIdentity(record),
                index: try index.statistics(of: record),
                indexedFields: try store.indexedFields(of: record),
                bytes: includesBytes ? try bytesByPart() : [])
        }
    }

    /// The database's parts, this collection's cache files, and all other collections' together.
    private func bytesByPart() throws -> [PartBytes] {
        var parts = try store.bytesByPart().map {
            PartBytes(part: $0.kind.rawValue, bytes: $0.bytes)
        }
        let files = database.files
        parts.append(
            PartBytes(
                part: "index_file", bytes: DatabaseFiles.size(of: files.graph(of: name))))
        parts.append(
            PartBytes(
                part: "vectors_file", bytes: DatabaseFiles.size(of: files.vectors(of: name))))
        parts.append(
            PartBytes(part: "lexical_files", bytes: files.lexical(of: name).byteCount))
        let others = try store.collections().map(\.name).filter { $0 != name }
        if !others.isEmpty {
            let bytes = others.reduce(0) { sum, other in
                sum + DatabaseFiles.size(of: files.graph(of: other))
                    + DatabaseFiles.size(of: files.vectors(of: other))
                    + files.lexical(of: other).byteCount
            }
            parts.append(PartBytes(part: "other_collections_files", bytes: bytes))
        }
        return parts
    }
}

extension CollectionIndex {
    func statistics(of record: CollectionRecord) throws -> IndexStatistics {
        let snapshot = try snapshot(for: record)
        let graphRows = snapshot.graph?.count ?? 0
        let state: IndexStatistics.State =
            snapshot.graph != nil
            ? .graph
            : snapshot.flat != nil || record.passageCount == 0 || record.dimensions == 0
                ? .scan : .absent
        return IndexStatistics(
            state: state, options: IndexOptions(record.index), graphRows: graphRows,
            flatRows: snapshot.flat?.count ?? 0,
            tailRows: max(0, record.passageCount - graphRows + snapshot.deletedInGraph),
            deletedRows: snapshot.deleted.count)
    }
}
