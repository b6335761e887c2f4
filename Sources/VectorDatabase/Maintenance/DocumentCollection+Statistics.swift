import Storage
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
                index: try index.statistics(of: record),
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
        parts += index.bytesByPart
        let others = try store.collections().map(\.name).filter { !$0.hasSameBytes(as: name) }
        if !others.isEmpty {
            let bytes = others.flatMap { database.collection($0).index.bytesByPart }
                .reduce(0) { $0 + $1.bytes }
            parts.append(PartBytes(part: "other_collections_files", bytes: bytes))
        }
        return parts
    }
}
