import ArgumentParser
import Foundation
import PostgresStorage
import VectorDatabase

/// The database of a command.
struct DatabaseFileArguments: ParsableArguments {
    @Option(
        name: .customLong("db"),
        help: ArgumentHelp(
            "The database: a file, or postgres://USER@HOST/DATABASE (default: $VDB_DB, else corpus.vdb).",
            valueName: "path"),
        completion: .file())
    var given: String?

    init() {}

    init(path: String) { given = path }

    /// Where the database is.
    var location: DatabaseLocation {
        DatabaseLocation(given ?? Environment.value(of: "VDB_DB") ?? "corpus.vdb")
    }

    /// The same for messages: the path, or the URI without its password.
    var name: String { location.description }

    func validate() throws {
        if location.path?.isEmpty == true { throw ValidationError("--db needs a path") }
    }

    /// Opens the database.
    ///
    /// - Parameters:
    ///   - models: finds the embedder of a collection when it is needed.
    ///   - server: how a database in PostgreSQL is made.
    ///   - setting: sets further options, as how a writer waits.
    func open(
        _ access: DatabaseOptions.Access, threads: Int?, models: ModelFinder = ModelFinder(),
        server: PostgresOptions = PostgresOptions(),
        setting: (inout DatabaseOptions) -> Void = { _ in }
    ) throws -> Database {
        var options = DatabaseOptions()
        options.access = access
        options.threads = threads
        options.findEmbedder = models.find
        setting(&options)
        return try location.open(options, server: server)
    }

    /// Opens the database for a command that reads.
    func open(
        _ reader: ReaderArguments, threads: Int?, models: ModelFinder = ModelFinder()
    ) throws -> Database {
        try open(.readOnly, threads: threads, models: models) { options in
            if let seconds = reader.timeout { options.lockTimeout = .seconds(seconds) }
        }
    }

    /// Opens the database for a command that writes.
    func open(
        _ access: DatabaseOptions.Access, _ general: GeneralArguments, _ lock: LockArguments,
        models: ModelFinder = ModelFinder(), server: PostgresOptions = PostgresOptions(),
        neighborCodes: Bool? = nil
    ) throws -> Database {
        if neighborCodes == true, location.path == nil {
            throw ValidationError(
                "--neighbor-codes is for databases in a file; PostgreSQL has pgvector's graph")
        }
        return try open(access, threads: general.threads, models: models, server: server) {
            lock.set(&$0, isQuiet: general.quiet)
            $0.neighborCodes = neighborCodes
        }
    }
}

/// The database and collection of a command.
struct DatabaseArguments: ParsableArguments {
    @OptionGroup var file: DatabaseFileArguments

    @Option(
        name: .customLong("collection"),
        help: ArgumentHelp(
            "The collection in the database (default: default).", valueName: "name"))
    var givenCollection: String?

    var collection: String { givenCollection ?? "default" }
    var location: DatabaseLocation { file.location }
    /// Where the database is, for messages.
    var path: String { file.name }

    /// Opens the database for a command that reads.
    func open(
        _ reader: ReaderArguments, threads: Int?, models: ModelFinder = ModelFinder()
    ) throws -> Database {
        try file.open(reader, threads: threads, models: models)
    }

    /// Opens the database for a command that writes.
    func open(
        _ access: DatabaseOptions.Access, _ general: GeneralArguments, _ lock: LockArguments,
        models: ModelFinder = ModelFinder(), server: PostgresOptions = PostgresOptions(),
        neighborCodes: Bool? = nil
    ) throws -> Database {
        try file.open(
            access, general, lock, models: models, server: server, neighborCodes: neighborCodes)
    }
}

/// How long a command that reads keeps trying. Those that write have ``LockArguments``.
struct ReaderArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "With PostgreSQL, seconds to repeat what a lost connection ended (default: 10).",
            valueName: "seconds"))
    var timeout: Int?

    func validate() throws { try require(timeout, in: NumberLimits.seconds, "--timeout") }
}

/// How long a command that writes waits for another one.
struct LockArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Seconds to wait while another process writes to the database (default: 10).",
            valueName: "seconds"))
    var wait: Int?

    @Option(
        help: ArgumentHelp(
            """
            With PostgreSQL, seconds to repeat what another writer was in the way of, or whose connection \
            was lost (default: 10).
            """, valueName: "seconds"))
    var timeout: Int?

    func validate() throws {
        try require(wait, in: NumberLimits.seconds, "--wait")
        try require(timeout, in: NumberLimits.seconds, "--timeout")
    }

    func set(_ options: inout DatabaseOptions, isQuiet: Bool) {
        if let seconds = timeout ?? wait { options.lockTimeout = .seconds(seconds) }
        // Without a terminal, and without being asked to wait, a failure is a single line.
        if isQuiet || wait == nil && !Messages.isTerminal { return }
        options.isWaiting = { holder in
            Messages.error("waiting for " + (holder ?? "another process") + ", which is writing")
        }
    }
}

/// How graphs are built.
struct GraphArguments: ParsableArguments {
    @Flag(
        inversion: .prefixedNo,
        help: """
            Store codes of each vector's neighbors with the index: searches take about half as long, the \
            index more than five times the space (default: as it is, at first no). Not with PostgreSQL, \
            and without effect on vectors that are not quantized.
            """)
    var neighborCodes: Bool?

    @Option(
        help: ArgumentHelp(
            "With PostgreSQL, the server's memory for building a graph (default: its own setting).",
            valueName: "size"))
    var maintenanceMemory: ByteSize?

    func validate() throws {
        try require(maintenanceMemory?.bytes, in: 1 << 20...1 << 40, "--maintenance-memory")
    }

    var server: PostgresOptions {
        var options = PostgresOptions()
        options.maintenanceMemory = maintenanceMemory?.bytes
        return options
    }
}

/// Options of every command.
struct GeneralArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Threads to use (default: the number of cores).", valueName: "n"))
    var threads: Int?

    @Flag(name: .shortAndLong, help: "Show neither progress nor a summary.")
    var quiet = false

    func validate() throws {
        try require(threads, in: NumberLimits.threads, "--threads")
    }

    /// Prints a message that is neither a result nor an error.
    func say(_ text: String) { if !quiet { Messages.line(text) } }
}

/// The output formats of commands for people and programs.
enum AnswerFormat: String, ExpressibleByArgument, CaseIterable {
    case table, json
}
