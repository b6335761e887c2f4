import Foundation
import Synchronization
import VectorDatabase

/// The database behind the tools, opened when it is first needed.
///
/// An assistant keeps its server for days. Meanwhile the file may be made, or be replaced by another
/// one; so its identity is compared whenever the database is used.
package final class DatabaseSource: Sendable {
    package let path: String
    package let isReadOnly: Bool
    private let options: DatabaseOptions
    private let open: @Sendable (DatabaseOptions) throws -> Database
    /// Whether it is a file, which another one can replace.
    private let isFile: Bool
    private let state = Mutex(State())

    private struct State {
        var database: Database?
        var file: FileIdentity?
        /// Whether the database was opened by somebody else, who closes it.
        var isBorrowed = false
    }

    /// - Parameter options: their `access` does not count.
    package init(path: String, isReadOnly: Bool, options: DatabaseOptions) {
        self.path = path
        self.isReadOnly = isReadOnly
        self.options = options
        isFile = true
        open = { try Database(path: path, options: $0) }
    }

    /// A database on a server.
    ///
    /// - Parameters:
    ///   - description: where it is, for messages.
    ///   - open: opens it with these options.
    package init(
        at description: String, isReadOnly: Bool, options: DatabaseOptions,
        open: @escaping @Sendable (DatabaseOptions) throws -> Database
    ) {
        path = description
        self.isReadOnly = isReadOnly
        self.options = options
        isFile = false
        self.open = open
    }

    /// A database that is open already, such as a server's.
    package init(_ database: Database, isReadOnly: Bool) {
        path = database.path
        self.isReadOnly = isReadOnly
        options = database.options
        isFile = false
        open = { _ in database }
        state.withLock { state in
            state.database = database
            state.isBorrowed = true
        }
    }

    /// The database as it is now.
    ///
    /// - Parameter creates: whether to create a database if there is none.
    /// - Throws: ``DatabaseError``: `databaseMissing` and the others of `Database.init`.
    package func database(creates: Bool = false) throws -> Database {
        try state.withLock { state in
            if let database = state.database, state.isBorrowed { return database }
            if let database = state.database, !isFile { return database }
            let file = FileIdentity(path)
            if let database = state.database, let file, file == state.file { return database }
            // Calls that still run keep the old one; it is closed when the last of them ends.
            state.database = nil
            var options = options
            options.access = isReadOnly ? .readOnly : creates ? .create : .readWrite
            let database = try open(options)
            state.database = database
            state.file = FileIdentity(path)
            return database
        }
    }

    /// Closes the database, if it is open.
    ///
    /// - Throws: ``DatabaseError``.
    package func close() throws {
        try state.withLock { state in
            defer { state.database = nil }
            if !state.isBorrowed { try state.database?.close() }
        }
    }
}

/// What tells a file from another one at the same path.
private struct FileIdentity: Equatable {
    let device: UInt64
    let node: UInt64

    /// `nil` if there is no file.
    init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        device = UInt64(status.st_dev)
        node = UInt64(status.st_ino)
    }
}
