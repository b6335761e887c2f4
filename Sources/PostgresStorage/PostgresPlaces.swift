import PostgresStore
import Storage
import VectorDatabase

/// Places of a database in PostgreSQL that are on other servers.
package enum PostgresPlaces {
    /// Lets another server hold places of all collections that are made from now on. Makes the database if
    /// there is none.
    ///
    /// - Parameters:
    ///   - uri: of the other server's database.
    ///   - database: the URI of the database whose places they are.
    /// - Throws: ``DatabaseError``: `invalidURI`, `storeUnavailable`, `notPermitted`; `conflict` if a place is
    ///   taken.
    package static func assign(
        _ places: [Int], toServer uri: String, of database: String
    ) throws {
        let server = try location(uri)
        try withStore(database, .create) { store in
            try store.assign(places: places, to: server)
        }
    }

    /// The places that are on other servers, and these servers' names.
    package static func list(of database: String) throws -> [(place: Int, server: String)] {
        try withStore(database, .readOnly) { store in try store.farPlaces() }
    }

    private static func withStore<Result>(
        _ uri: String, _ mode: PostgresStore.Mode,
        _ body: (PostgresStore) throws -> Result
    ) throws -> Result {
        let location = try location(uri)
        return try rethrowing {
            let store = try PostgresStore(location, mode: mode)
            defer { store.close() }
            return try body(store)
        }
    }

    private static func location(_ uri: String) throws -> PostgresLocation {
        guard let location = PostgresLocation(uri) else {
            throw DatabaseError.invalidURI(
                reason: "begins neither with postgres:// nor with postgresql://")
        }
        return location
    }
}
