import Storage

extension Database {
    /// Verifies the database with all its checksums, and compares the caches with it.
    ///
    /// - Parameter repairing: whether to rewrite caches that have findings. Damage in the database
    ///   itself cannot be repaired, except in parts that can be derived from the documents; restore
    ///   a backup.
    /// - Throws: ``DatabaseError``, if the check cannot be done. Damage is reported, not thrown.
    public func check(repairing: Bool = false) async throws -> CheckReport {
        let report = try await asReader { [self] in try Checker(database: self).check() }
        guard repairing, !report.findings.isEmpty else { return report }
        return try await asWriter { [self] in
            try Checker(database: self).repair(report)
        }
    }

    /// Rewrites the database and its caches without deleted content, to free disk space. Needs as
    /// much free space as the database occupies.
    ///
    /// - Throws: ``DatabaseError``; then the database is unchanged.
    public func compact() async throws {
        try await asWriter { [self] in
            for record in try store.collections() {
                try collection(record.name).index.rebuild(record)
            }
            try store.compact()
        }
    }

    /// Copies the database, as of one moment, to a new file; other processes can write meanwhile.
    /// Caches are not copied; the copy's first writer creates its own.
    ///
    /// - Throws: ``DatabaseError``; then there is no new file.
    public func backup(to path: String) async throws {
        try await asReader { [self] in try store.backup(to: path) }
    }

    /// The size of the database file by kind of content. Reads the whole file.
    ///
    /// - Throws: ``DatabaseError``.
    public func bytesByPart() throws -> [PartBytes] {
        try rethrowing {
            try store.bytesByPart().map { PartBytes(part: $0.kind.rawValue, bytes: $0.bytes) }
        }
    }
}
