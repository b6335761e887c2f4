import PostgresStorage
import PostgresTestSupport

/// How a database is laid out in PostgreSQL.
enum ServerShape: CaseIterable {
    case onePlace, threePlaces
    /// Statements that are meant for these, on PostgreSQL.
    case citus, yugabyte

    static let relatives: [ServerShape] = [.citus, .yugabyte]

    var flavour: PostgresFlavour? {
        switch self {
        case .onePlace, .threePlaces: nil
        case .citus: .citus
        case .yugabyte: .yugabyte
        }
    }

    /// An empty database of the server, whose collections have this shape.
    func location() throws -> (uri: String, server: PostgresOptions) {
        let uri = try TestServer.database()
        if self == .citus { try StandIns.makeCitus(uri) }
        if self == .yugabyte { try StandIns.makeYugabyte(uri) }
        var server = PostgresOptions()
        server.places = self == .onePlace ? 1 : 3
        server.flavour = flavour
        return (uri, server)
    }

    func database() throws -> Database {
        let (uri, server) = try location()
        return try Database(postgres: uri, server: server)
    }
}
