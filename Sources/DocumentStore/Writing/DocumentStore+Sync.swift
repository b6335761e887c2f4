import GRDB
import TextBytes

extension DocumentStore {
    /// Begins noting which documents a run has seen, so that the rest can be deleted at its end. The
    /// notes are this connection's own: they vanish when the store is closed.
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

    /// Notes documents of this run, stored or unchanged.
    package func markSeen(ids: [String]) throws(StoreError) {
        try write { database in
            let statement = try database.cachedStatement(
                sql: "INSERT OR IGNORE INTO temp.seen (id) VALUES (?)")
            for id in ids { try statement.execute(arguments: [id]) }
        }
    }

    /// Gives documents whose content is stored already the places that they come from now, so that
    /// the end of the file that they came from does not take them along.
    ///
    /// Documents that are not there are passed over.
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

    /// Deletes the documents that were not seen and came from one of the paths: a file itself, or
    /// any file in a folder.
    ///
    /// - Parameter kept: files of which, and folders beneath which, nothing is deleted.
    package func deleteUnseen(
        under paths: [String], except kept: Set<Identifier> = [], from collection: CollectionRecord
    ) throws(StoreError) -> DeleteOutcome {
        let keys = try writeOutsideTransaction { database in
            var keys: Set<Int64> = []
            for path in paths {
                let folder = path.hasSuffix("/") ? path : path + "/"
                // Bytewise, "/" + 1 is "0": the range holds what starts with the folder's name.
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

    /// Whether a path, or a folder above it, is among those that are kept.
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
