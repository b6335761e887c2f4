import DocumentStore

extension Database {
    /// Whether the database is a file, with its caches next to it.
    package var isInFile: Bool { store is DocumentStore }
}

extension DocumentCollection {
    /// Copies the collection to a new file, to work on while others write: of a file everything, as of one
    /// moment; of another store this collection alone, as ``copy(to:progress:)`` does.
    ///
    /// - Throws: ``DatabaseError``; `CancellationError`. An unfinished file may be left.
    package func snapshot(to path: String) async throws {
        if database.isInFile { return try await database.backup(to: path) }
        var options = DatabaseOptions()
        options.threads = database.options.threads
        // Whoever opens the file decides whether it needs a graph.
        options.cachePolicy.smallestGraphLag = .max
        let file = try Database(path: path, options: options)
        defer { try? file.close() }
        try await copy(to: file.collection(name))
    }
}
