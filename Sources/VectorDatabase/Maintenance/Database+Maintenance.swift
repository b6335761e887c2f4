import DocumentStore

extension Database {
    /// Verifies the database, the caches against it, and every checksum.
    ///
    /// - Parameter repairing: removes caches that are damaged and makes them anew. What is damaged in
    ///   the database itself only a backup brings back.
    public func check(repairing: Bool = false) async throws -> CheckReport {
        let report = try await asReader { [self] in try Checker(database: self).check() }
        guard repairing, !report.findings.isEmpty else { return report }
        return try await asWriter { [self] in
            try Checker(database: self).repair(report)
        }
    }

    /// Gives space back: rewrites the database without what was deleted, and its caches with it.
    /// Needs as much free space as the database has.
    public func compact() async throws {
        try await asWriter { [self] in
            for record in try store.collections() {
                try collection(record.name).caches.writer(for: record).update(
                    vectors: .rebuild, words: .rebuild)
                try store.pruneChanges(through: store.position(of: record), in: record)
            }
            try store.compact()
        }
    }

    /// Copies the database to a new file, as it is at one moment, while others go on writing. Caches
    /// are not copied: they are made again where they are needed.
    public func backup(to path: String) async throws {
        try await asReader { [self] in try store.backup(to: path) }
    }

    /// Bytes of the database and its caches by what they hold. Reads the whole file.
    public func bytesByPart() throws -> [PartBytes] {
        try rethrowing {
            try store.bytesByPart().map { PartBytes(part: $0.kind.rawValue, bytes: $0.bytes) }
        }
    }
}
