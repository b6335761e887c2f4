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

    /// Deletes the documents that were not seen and come from one of the paths, which are files or
    /// folders.
    ///
    /// - Parameter kept: files and folders whose documents are not deleted.
    package func deleteUnseen(
        under paths: [String], except kept: Set<Identifier> = [], from collection: CollectionRecord
    ) throws(StoreError) -> DeleteOutcome {
        let keys = try writeOutsideTransaction { database in
            var keys: Set<Int64> = []
            for path in paths {
                let folder = path.hasSuffix("/") ? path : path + "/"
                // The byte after "/" is "0", so the range contains everything that starts with the
                // folder's name.
                let rows = try Row.fetchAll(
                    database,
                    sql: """
                        SELECT d.key, s.path FROM document AS d JOIN source AS s ON s.id = d.source
                        WHERE +d.collection = ? AND (s.path = ? OR (s.path > ? AND s.path < ?))
                            AND d.id NOT IN (SELECT id FROM temp.seen)
                        """,
                    arguments: [collection.id, path, folder, folder.dropLast() + "0"])
                for row in rows where !Self.isKept(row[1], kept) { keys.insert(row[0]) }
            }
            return keys.sorted()
        }
        return try delete(documentKeys: keys, from: collection)
    }

    /// Whether a path, or a folder above it, is in `kept`.
    private static func isKept(_ path: String, _ kept: Set<Identifier>) -> Bool {
        if kept.isEmpty { return false }
        var path = path.utf8[...]
        while true {
            if kept.contains(Identifier(String(Substring(path)))) { return true }
            guard let slash = path.lastIndex(of: UInt8(ascii: "/")) else { return false }
            path = path[..<slash]
        }
    }
}
