import FileFormat
import Foundation
import GRDB

extension DocumentStore {
    /// Copies the database to a new file, consistently even while others write. The copy has the
    /// same identity; whether an index belongs to one or the other is decided by position and token
    /// of the change log.
    ///
    /// The copy is written to a temporary file next to the destination and renamed when it is
    /// complete; remains of earlier, interrupted copies are removed.
    /// - Throws: `cannotOpen` if the destination exists, or its folder does not exist or is
    ///   read-only.
    package func backup(to destination: String) throws(StoreError) {
        guard !FileManager.default.fileExists(atPath: destination) else {
            throw .cannotOpen(path: destination, reason: "a file of this name exists")
        }
        do {
            TemporaryFile.sweep(path: destination, fileSystem: fileSystem)
            let temporary = try makeTemporary(for: destination)
            do {
                try copy(to: temporary.path)
                try fileSystem.uninterrupted { system throws(FileError) in
                    try system.synchronize(temporary.descriptor, path: temporary.path)
                }
                try fileSystem.uninterrupted { system throws(FileError) in
                    try system.rename(temporary.path, to: destination)
                }
                fileSystem.close(temporary.descriptor)
            } catch {
                for suffix in ["", "-wal", "-shm", "-journal"] {
                    try? FileManager.default.removeItem(atPath: temporary.path + suffix)
                }
                fileSystem.close(temporary.descriptor)
                throw error
            }
            try AtomicFile.synchronizeFolder(of: destination, fileSystem: fileSystem)
        } catch {
            throw StoreError(error, path: destination, busyTimeout: busyTimeout)
        }
    }

    private func makeTemporary(for destination: String) throws -> (path: String, descriptor: Int32)
    {
        do throws(FileError) {
            return try TemporaryFile.make(path: destination, fileSystem: fileSystem)
        } catch {
            guard case .system(_, _, let code) = error,
                [ENOENT, ENOTDIR, EACCES, EPERM, EROFS].contains(code)
            else { throw error }
            throw StoreError.cannotOpen(
                path: destination, reason: String(cString: strerror(code)))
        }
    }

    private func copy(to path: String) throws {
        let copy = try DatabaseQueue(path: Connection.plain(path))
        do {
            try reader.backup(to: copy)
            // Leave one complete file, without a log.
            try copy.writeWithoutTransaction { database in
                _ = try String.fetchOne(database, sql: "PRAGMA journal_mode = DELETE")
            }
            try copy.close()
        } catch {
            try? copy.close()
            throw error
        }
    }

    /// Frees disk space: deletes unused sources, rewrites the file without free pages, and
    /// truncates the write-ahead log. Needs as much free space as the file is long.
    package func compact() throws(StoreError) {
        try write { database in
            try database.execute(
                sql: """
                    DELETE FROM source
                    WHERE id NOT IN (SELECT source FROM document WHERE source IS NOT NULL)
                    """)
        }
        try writeOutsideTransaction { database in
            try database.execute(sql: "VACUUM; PRAGMA wal_checkpoint(TRUNCATE)")
        }
    }

    /// The bytes on disk by kind of content. Reads the whole file.
    package func bytesByPart() throws(StoreError) -> [StorePart] {
        var bytes: [StorePart.Kind: Int] = [:]
        try read { database in
            let rows = try Row.fetchAll(
                database, sql: "SELECT name, sum(pgsize) FROM dbstat GROUP BY name")
            for row in rows {
                bytes[Self.part(ofTable: row[0]), default: 0] += row[1]
            }
            let free = try Int.fetchOne(database, sql: "PRAGMA freelist_count") ?? 0
            let size = try Int.fetchOne(database, sql: "PRAGMA page_size") ?? 0
            bytes[.free] = free * size
        }
        let log = try? FileManager.default.attributesOfItem(atPath: path + "-wal")
        bytes[.writeAheadLog] = log?[.size] as? Int ?? 0
        return StorePart.Kind.allCases.map { StorePart(kind: $0, bytes: bytes[$0] ?? 0) }
    }

    private static func part(ofTable name: String) -> StorePart.Kind {
        if name.contains("vector_") { return .vectors }
        if name.hasPrefix("full_text_") { return .fullText }
        if name.hasPrefix("passage") { return .text }
        if name.hasPrefix("document") { return .metadata }
        if name.hasPrefix("field_value") || name.hasPrefix("indexed_field") {
            return .fieldIndexes
        }
        return name.hasPrefix("change") ? .changeLog : .other
    }
}
