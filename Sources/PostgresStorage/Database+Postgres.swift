import PostgresStore
import Schema
import Storage
import VectorDatabase

extension Database {
    /// Opens a database in PostgreSQL 14 or later with pgvector 0.8.0 or later, or creates it if
    /// ``DatabaseOptions/access`` allows that.
    ///
    /// ```swift
    /// let database = try Database(postgres: "postgres://vdb@db1/corpus")
    /// ```
    ///
    /// Any number of processes on any number of machines read and write at the same time. Besides the
    /// server, libpq 14 or later is needed, which is opened by the first call.
    ///
    /// - Parameters:
    ///   - uri: as libpq takes it: several hosts, `sslmode`, `service` and so on, and environment variables
    ///     such as `PGPASSWORD`. `schema=NAME` names the schema, `vdb` if there is none.
    ///   - options: their `lockTimeout` is how long a transaction is tried again that another one was in the
    ///     way of, or whose connection was lost.
    ///   - server: how the database is made.
    /// - Throws: ``DatabaseError``: `invalidURI`, `storeUnavailable`, `notPermitted`, `databaseMissing`,
    ///   `notADatabase`, `newerFormat`, `outOfRange`.
    public convenience init(
        postgres uri: String, options: DatabaseOptions = DatabaseOptions(),
        server: PostgresOptions = PostgresOptions()
    ) throws {
        guard let location = PostgresLocation(uri) else {
            throw DatabaseError.invalidURI(
                reason: PostgresLocation.isURI(uri)
                    ? "names a schema of no or more than 63 bytes"
                    : "begins neither with postgres:// nor with postgresql://")
        }
        guard (1...PostgresStore.mostPlaces).contains(server.places) else {
            throw DatabaseError.outOfRange(
                parameter: "places", value: "\(server.places)",
                allowed: "1 to \(PostgresStore.mostPlaces)")
        }
        if let memory = server.maintenanceMemory, !(1 << 20...1 << 40).contains(memory) {
            throw DatabaseError.outOfRange(
                parameter: "maintenance memory", value: "\(memory)",
                allowed: "1 MiB to 1 TiB in bytes")
        }
        let mode: PostgresStore.Mode =
            switch options.access {
            case .readOnly: .readOnly
            case .readWrite: .readWrite
            case .create: .create
            }
        let store = try rethrowing {
            try PostgresStore(
                location, mode: mode, places: server.places, timeout: options.lockTimeout,
                flavour: server.flavour.flatMap { SchemaFlavour(rawValue: $0.rawValue) })
        }
        self.init(store: store, at: location.description, lockFile: nil, options: options) { _ in
            PostgresIndex(store: store, options: server)
        }
    }

}
