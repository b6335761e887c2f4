import PostgresStore
import Schema
import VectorDatabase

/// Where a database is, as people write it: the path of a file, or a URI of PostgreSQL.
package enum DatabaseLocation: Sendable {
    case file(path: String)
    case postgres(uri: String)

    package init(_ text: String) {
        self = PostgresLocation.isURI(text) ? .postgres(uri: text) : .file(path: text)
    }

    /// The path; `nil` for a database in PostgreSQL.
    package var path: String? {
        if case .file(let path) = self { return path }
        return nil
    }

    /// Opens the database, or creates it if the options allow that.
    ///
    /// - Parameter server: counts only for a database in PostgreSQL.
    package func open(
        _ options: DatabaseOptions, server: PostgresOptions = PostgresOptions()
    ) throws -> Database {
        switch self {
        case .file(let path): try Database(path: path, options: options)
        case .postgres(let uri): try Database(postgres: uri, options: options, server: server)
        }
    }

    /// The SQL that an administrator runs once in a database for a user who may not make a schema or an
    /// extension.
    ///
    /// - Parameters:
    ///   - uri: names the schema and, unless `user` does, the user.
    ///   - user: `vdb` if neither names one.
    package static func preparation(for uri: String?, user: String?) -> String? {
        let location = uri.map { PostgresLocation($0) }
        if let location, location == nil { return nil }
        let place = location ?? nil
        return PostgresSchema(place?.schema ?? PostgresLocation.defaultSchema)
            .preparation(for: user ?? place?.user ?? "vdb")
            .map { $0 + ";\n" }.joined(separator: "\n")
    }
}

extension DatabaseLocation: CustomStringConvertible {
    /// The path, or the URI without passwords.
    package var description: String {
        switch self {
        case .file(let path): path
        case .postgres(let uri): PostgresLocation(uri)?.description ?? "the database"
        }
    }
}
