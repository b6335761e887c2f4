import GRDB
import TextBytes

extension DocumentStore {
    /// Begins to record which documents a run has seen, so that the rest can be deleted at its end.
    /// The record belongs to this connection and is lost when the store is closed.
    package func beginSync() throws(StoreError) {
        try write { database in
            try database.execute(
                sql: """
                    CREATE TEMP TABLE IF NOT EXISTS seen (
                        id TEXT NOT NULL PRIMARY KEY
                    ) WITHOUT ROWID;
                    DELETE FROM seen;
                    """)
        }
    }

    /// Records documents of this run as seen, whether stored or unchanged.
    package func markSeen(ids: [String]) throws(StoreError) {
        try write { database in
            let statement = try database.cachedStatement(
                sql: "INSERT OR IGNORE INTO temp.seen (id) VALUES (?)")
            for id in ids { try statement.execute(arguments: [id]) }
        }
    }

    /// Records the new sources of documents whose content is stored already, so that they are not
    /// deleted along with the file that they came from before.
    ///
    /// Documents that do not exist are ignored.
    package func move(_ documents: [DocumentWrite], in collection: CollectionRecord)
        throws(StoreError)
    {
        try write { database in
            let current = try CollectionRecord.require(collection, in: database)
            var writer = try BatchWriter(database, collection: current)
            for document in documents {
                try writer.move(
                    documentID: document.id, to: document.source,
                    position: document.sourcePosition)
            }
        }
    }

    /// The documents that come from some paths: files, and folders with all their files.
    package func documents(
        ofSources paths: [String], in collection: CollectionRecord
    ) throws(StoreError) -> [SourcedDocument] {
        try read { database in
            try Self.documents(ofSources: paths, in: collection, database, isSeen: "0")
        }
    }

    /// The same, each with whether this run has seen it.
    package func documentsSeen(
        ofSources paths: [String], in collection: CollectionRecord
    ) throws(StoreError) -> [SourcedDocument] {
        try writeOutsideTransaction { database in
            try Self.documents(
                ofSources: paths, in: collection, database,
                isSeen: "id IN (SELECT id FROM temp.seen)")
        }
    }

    /// One scan of the documents, however many the paths are.
    private static func documents(
        ofSources paths: [String], in collection: CollectionRecord, _ database: Database,
        isSeen: String
    ) throws -> [SourcedDocument] {
        var sources: [Int64: String] = [:]
        for path in paths {
            let folder = path.hasSuffix("/") ? path : path + "/"
            // The byte after "/" is "0", so the range contains everything that starts with the
            // folder's name.
            let rows = try Row.fetchCursor(
                database.cachedStatement(
                    sql: "SELECT id, path FROM source WHERE path = ? OR (path > ? AND path < ?)"),
                arguments: [path, folder, folder.dropLast() + "0"])
            while let row = try rows.next() { sources[row[0]] = row[1] }
        }
        if sources.isEmpty { return [] }
        var documents: [SourcedDocument] = []
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT source, key, id, \(isSeen) FROM document
                WHERE +collection = ? AND source IS NOT NULL ORDER BY key
                """, arguments: [collection.id])
        while let row = try rows.next() {
            guard let source = sources[row[0]] else { continue }
            documents.append(
                SourcedDocument(key: row[1], id: row[2], source: source, isSeen: row[3]))
        }
        return documents
    }
}
