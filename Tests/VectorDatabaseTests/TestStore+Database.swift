import PostgresStorage
import PostgresTestSupport
import VectorDatabase

extension Database {
    /// - Parameter location: a path, or a URI of PostgreSQL.
    convenience init(at location: String, embedder: (any Embedder)? = nil) throws {
        var options = DatabaseOptions()
        options.embedder = embedder
        switch DatabaseLocation(location) {
        case .file(let path): try self.init(path: path, options: options)
        case .postgres(let uri): try self.init(postgres: uri, options: options)
        }
    }
}
