import Storage
import TextBytes

extension PostgresStore {
    /// Begins to record which documents a run has seen, so that the rest can be deleted at its end.
    package func beginSync() throws(StoreError) { seen.withLock { $0 = [] } }

    /// Records documents of this run as seen, whether stored or unchanged.
    package func markSeen(ids: [String]) throws(StoreError) {
        seen.withLock { $0.formUnion(ids.map { Identifier($0) }) }
    }

    /// The documents that come from some paths: files, and folders with all their files.
    package func documents(
        ofSources paths: [String], in collection: CollectionRecord
    ) throws(StoreError) -> [SourcedDocument] {
        try documents(ofSources: paths, in: collection, seen: [])
    }

    /// The same, each with whether this run has seen it.
    package func documentsSeen(
        ofSources paths: [String], in collection: CollectionRecord
    ) throws(StoreError) -> [SourcedDocument] {
        try documents(ofSources: paths, in: collection, seen: seen.withLock { $0 })
    }

    /// One scan of the documents, however many the paths are.
    private func documents(
        ofSources paths: [String], in collection: CollectionRecord, seen: Set<Identifier>
    ) throws(StoreError) -> [SourcedDocument] {
        let paths = paths.filter { !$0.hasNUL }
        let folders = paths.map { $0.hasSuffix("/") ? $0 : $0 + "/" }
        return try read { connection in
            let layout = try layout(of: collection, connection)
            return try connection.run(
                """
                SELECT key, id, source FROM \(layout.documents) WHERE \(layout.anyPlace)
                    AND (source = ANY($1) OR EXISTS (
                        SELECT 1 FROM unnest($2) AS folder WHERE starts_with(source, folder)))
                ORDER BY key
                """, [.texts(paths), .texts(folders)]
            ).rows.map { row in
                let id = try row.text(1)
                return SourcedDocument(
                    key: try row.integer(0), id: id, source: try row.text(2),
                    isSeen: seen.contains(Identifier(id)))
            }
        }
    }
}
