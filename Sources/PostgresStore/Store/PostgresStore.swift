import Foundation
import Schema
import Storage
import Synchronization
import TextBytes

/// The source of truth in a PostgreSQL database: the tables of `schema/postgres`.
///
/// Any number of processes on any number of machines may write at the same time. A document's place is
/// determined by its id, and a transaction writes to one place: with several, a batch is committed place
/// by place, each part as a whole.
///
/// Calls block; make them on threads that may. A transaction that another one was in the way of, or whose
/// connection was lost, is tried again until the time is up.
package final class PostgresStore: Store {
    package enum Mode: Sendable { case readOnly, readWrite, create }

    package let location: PostgresLocation
    package let mode: Mode
    package let identity: StoreIdentity

    let schema: PostgresSchema
    package let flavour: SchemaFlavour
    var rules: FlavourRules { flavour.rules }
    /// Of collections that are made.
    let places: Int
    let pool: PostgresPool
    private let timeout: Duration
    let keys = Mutex(KeyRange())
    /// What is known of collections, by their ids.
    let layouts = Mutex<[Int64: CollectionLayout]>([:])

    /// The indexed metadata fields of collections, by their ids.
    let indexed = Mutex<[Int64: Set<Identifier>]>([:])

    /// The places of collections that are on other servers, as far as this process knows.
    let farServers = Mutex<[Int: FarServer]>([:])
    /// Connections to them, by their URIs.
    let farPools = Mutex<[String: PostgresPool]>([:])

    /// The ids that a synchronizing run has seen. No session of the server has them: it may be another
    /// one with each transaction.
    let seen = Mutex<Set<Identifier>>([])

    package static let mostPlaces = 1024

    /// The version of the tables, and of the words that texts have: another tokenizer needs another one. No
    /// release has made tables of version 1, which had no postings.
    private static let format = 2

    /// - Parameters:
    ///   - places: the number of parts of each collection that is made, 1 to ``mostPlaces``.
    ///   - timeout: how long a transaction is tried again.
    ///   - flavour: of a database that is made; one that is there must be of it. `nil` for what is there, or
    ///     PostgreSQL.
    package init(
        _ location: PostgresLocation, mode: Mode, places: Int = 1,
        timeout: Duration = .seconds(10), flavour: SchemaFlavour? = nil
    ) throws(StoreError) {
        self.location = location
        self.mode = mode
        self.places = places
        self.timeout = timeout
        pool = PostgresPool(location.uri)
        let (pool, name, path) = (pool, location.schema, location.description)
        var wasConnected = false
        func open<T>(_ body: (PostgresConnection) throws -> T) throws(StoreError) -> T {
            try Self.repeating(
                for: timeout,
                while: { error in
                    // One that never answers is not there.
                    if case .cannotConnect = error { return wasConnected }
                    return error.isTransient
                },
                {
                    try pool.withConnection { connection in
                        wasConnected = true
                        return try body(connection)
                    }
                }, failure: { StoreError($0, at: location, waited: wasConnected ? $1 : nil) })
        }
        (identity, self.flavour) = try open { connection in
            try Self.requireServer(connection, path: path)
            func identity() throws -> (StoreIdentity, SchemaFlavour)? {
                try Self.identity(connection, PostgresSchema(name), path: path)
            }
            if let found = try identity() { return found }
            guard mode == .create else { throw StoreError.missing(path: path) }
            let flavour = try Self.chosenFlavour(asked: flavour, connection, path: path)
            do {
                try Self.create(connection, PostgresSchema(name, flavour: flavour), path: path)
            } catch {
                // Another process was first.
                if let found = try identity() { return found }
                throw error
            }
            guard let made = try identity() else {
                throw StoreError.corrupt(path: path, detail: "it has no identity")
            }
            return made
        }
        if let flavour, flavour != self.flavour {
            throw StoreError.unavailable(
                path: path,
                reason: "the database was made for \(self.flavour.rules.title), not for "
                    + flavour.rules.title)
        }
        schema = PostgresSchema(name, flavour: self.flavour)
        try open { connection in _ = try loadFarServers(connection) }
    }

    /// Closes the connections. Later calls throw `closed`.
    package func close() {
        pool.close()
        for pool in farPools.withLock({ $0.values.map { $0 } }) { pool.close() }
    }

    // MARK: Opening

    /// `nil` if the schema has no database.
    private static func identity(
        _ connection: PostgresConnection, _ schema: PostgresSchema, path: String
    ) throws -> (StoreIdentity, SchemaFlavour)? {
        let table = "\(schema.name).property"
        let found = try connection.run(
            """
            SELECT to_regclass($1) IS NOT NULL,
                (SELECT extversion FROM pg_extension WHERE extname = 'vector')
            """, [.text(table)])[0]
        guard try found.boolean(0) else { return nil }
        var properties: [String: String] = [:]
        for row in try connection.run("SELECT name, value FROM \(table)").rows {
            properties[try row.text(0)] = try row.text(1)
        }
        guard let identity = properties["identity"].flatMap(Self.bytes), identity.count == 16,
            let version = properties["format"].flatMap({ Int($0) })
        else { throw StoreError.notADatabase(path: path) }
        guard version <= format else {
            throw StoreError.newerFormat(path: path, found: version, supported: format)
        }
        guard version == format else {
            throw StoreError.unavailable(
                path: path,
                reason: "its tables have version \(version), which no release has written")
        }
        let made = properties["flavour"] ?? SchemaFlavour.postgres.rawValue
        // With places on other servers it is PostgreSQL, too.
        guard let flavour = SchemaFlavour(rawValue: made == "fdw" ? "postgres" : made) else {
            throw StoreError.unavailable(
                path: path, reason: "it was made for a system that this version does not know")
        }
        if flavour.hasExtension {
            try requireVectors(version: try found.optionalText(1), path: path)
        }
        let store = StoreIdentity(
            bytes: identity, createdBy: properties["created_by"] ?? "", formatVersion: version)
        return (store, flavour)
    }

    private static func create(
        _ connection: PostgresConnection, _ schema: PostgresSchema, path: String
    ) throws {
        let present = try connection.run(
            """
            SELECT to_regnamespace($1) IS NOT NULL,
                EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'vector'),
                coalesce((SELECT extversion FROM pg_extension WHERE extname = 'vector'),
                    (SELECT default_version FROM pg_available_extensions WHERE name = 'vector'))
            """, [.text(schema.name)])[0]
        if schema.flavour.hasExtension {
            try requireVectors(
                version: try present.optionalText(2), isMade: try present.boolean(1), path: path)
        }
        // Only what is missing: even to ask for what is there takes the right to make it.
        let missing =
            (try present.boolean(1) ? [] : schema.makeExtension)
            + (try present.boolean(0) ? [] : schema.makeSchema)
        let identity = StoreIdentity(
            bytes: (0..<16).map { _ in UInt8.random(in: .min ... .max) },
            createdBy: "vdb, \(Date.now.formatted(.iso8601))", formatVersion: format)
        try connection.transaction {
            for statement in missing + schema.database { try connection.run(statement) }
            try connection.run(
                """
                INSERT INTO \(schema.name).property (name, value)
                VALUES ('identity', $1), ('created_by', $2), ('format', $3), ('flavour', $4)
                """,
                [
                    .text(identity.hexadecimal), .text(identity.createdBy),
                    .text("\(identity.formatVersion)"), .text(schema.flavour.rawValue),
                ])
        }
    }

    private static func bytes(_ hexadecimal: String) -> [UInt8]? {
        let digits = Array(hexadecimal.utf8)
        guard digits.count % 2 == 0 else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            let pair = String(decoding: digits[index..<index + 2], as: UTF8.self)
            guard let byte = UInt8(pair, radix: 16) else { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    // MARK: Transactions

    /// Begins a transaction that sees one state, with settings of its own.
    static func beginReading(_ settings: [String]) -> [PostgresStatement] {
        [PostgresStatement("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")]
            + settings.map { PostgresStatement("SET LOCAL \($0)") }
    }

    /// Runs `body`, which reads with one statement or in one transaction.
    func read<T>(_ body: (PostgresConnection) throws -> T) throws(StoreError) -> T {
        try repeating { try pool.withConnection(body) }
    }

    /// Runs `body` in a transaction. It may be run several times, also after its COMMIT has taken effect
    /// without an answer: it must then change nothing more, and return the same.
    func write<T>(_ body: (PostgresConnection) throws -> T) throws(StoreError) -> T {
        try writeOnce { connection, _ in try body(connection) }
    }

    /// The same for a `body` that would do something twice, or return something else.
    ///
    /// - Parameter body: its second argument is what it has returned before, if that transaction's COMMIT
    ///   was not answered. Only the rows tell whether it has taken effect. It may still be running: `body`
    ///   looks after it has locked what the other one has locked, too.
    func writeOnce<T>(
        _ body: (PostgresConnection, _ unanswered: T?) throws -> T
    ) throws(StoreError) -> T {
        guard mode != .readOnly else { throw .readOnly(path: location.description) }
        var unanswered: T?
        return try repeating {
            try pool.withConnection { connection in
                try connection.transaction {
                    let result = try body(connection, unanswered)
                    unanswered = result
                    return result
                }
            }
        }
    }

    private func repeating<T>(_ body: () throws -> T) throws(StoreError) -> T {
        try Self.repeating(
            for: timeout,
            while: { error in
                // A range of keys whose transaction a crash has undone may be another process's next one.
                if case .connectionLost = error { keys.withLock { $0 = KeyRange() } }
                // Another process has re-encoded or deleted a collection, whose tables are called otherwise
                // now.
                return error.namesMissingTable ? forgetLayouts() : error.mayBeRepeated
            }, body, failure: { StoreError($0, at: location, waited: $1) })
    }

    private static func repeating<T>(
        for timeout: Duration,
        while mayBeRepeated: (PostgresError) -> Bool, _ body: () throws -> T,
        failure: (any Error, _ waited: Duration) -> StoreError
    ) throws(StoreError) -> T {
        let began = ContinuousClock.now
        var pause = Duration.milliseconds(5)
        while true {
            do { return try body() } catch {
                let error = error as any Error
                let waited = ContinuousClock.now - began
                guard let refusal = error as? PostgresError, mayBeRepeated(refusal),
                    waited + pause < timeout, !Task.isCancelled
                else { throw failure(error, waited) }
                // Different for each, so that two do not meet again.
                usleep(UInt32(pause / .microseconds(1) * Double.random(in: 0.5...1)))
                pause = min(pause * 2, .seconds(1))
            }
        }
    }
}

extension PostgresStore {
    /// - Returns: whether anything was known.
    private func forgetLayouts() -> Bool {
        layouts.withLock { layouts in
            defer { layouts = [:] }
            return !layouts.isEmpty
        }
    }
}

extension PostgresError {
    fileprivate var namesMissingTable: Bool {
        if case .refused(let refusal) = self { return refusal.state == State.undefinedTable }
        return false
    }

    /// Of two writers of one new id the second finds it there when it tries again. A server that was there
    /// may come back, or another one take its place.
    fileprivate var mayBeRepeated: Bool {
        switch self {
        case .refused(let refusal) where refusal.state == State.uniqueViolation: true
        case .cannotConnect: true
        default: isTransient
        }
    }
}
