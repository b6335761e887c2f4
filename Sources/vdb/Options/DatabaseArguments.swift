import ArgumentParser
import Foundation
import VectorDatabase

/// The database of a command.
struct DatabaseFileArguments: ParsableArguments {
    @Option(
        name: .customLong("db"),
        help: ArgumentHelp(
            "The database file (default: $VDB_DB, else corpus.vdb).", valueName: "path"),
        completion: .file())
    var givenPath: String?

    init() {}

    init(path: String) { givenPath = path }

    var path: String {
        if let givenPath { return givenPath }
        let fromEnvironment = ProcessInfo.processInfo.environment["VDB_DB"] ?? ""
        return fromEnvironment.isEmpty ? "corpus.vdb" : fromEnvironment
    }

    func validate() throws {
        if path.isEmpty { throw ValidationError("--db needs a path") }
    }

    /// Opens the database.
    ///
    /// - Parameters:
    ///   - models: finds the embedder of a collection when it is needed.
    ///   - waiting: sets how a writer waits.
    func open(
        _ access: DatabaseOptions.Access, threads: Int?, models: ModelFinder = ModelFinder(),
        waiting: (inout DatabaseOptions) -> Void = { _ in }
    ) throws -> Database {
        var options = DatabaseOptions()
        options.access = access
        options.threads = threads
        options.findEmbedder = models.find
        waiting(&options)
        return try Database(path: path, options: options)
    }

    /// Opens the database for a command that writes.
    func open(
        _ access: DatabaseOptions.Access, _ general: GeneralArguments, _ lock: LockArguments,
        models: ModelFinder = ModelFinder()
    ) throws -> Database {
        try open(access, threads: general.threads, models: models) {
            lock.set(&$0, isQuiet: general.quiet)
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
    var givenPath: String? { file.givenPath }
    var path: String { file.path }

    /// Opens the database.
    func open(
        _ access: DatabaseOptions.Access, threads: Int?, models: ModelFinder = ModelFinder()
    ) throws -> Database {
        try file.open(access, threads: threads, models: models)
    }

    /// Opens the database for a command that writes.
    func open(
        _ access: DatabaseOptions.Access, _ general: GeneralArguments, _ lock: LockArguments,
        models: ModelFinder = ModelFinder()
    ) throws -> Database {
        try file.open(access, general, lock, models: models)
    }
}

/// How long a command that writes waits for another one.
struct LockArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Seconds to wait while another process writes to the database (default: 10).",
            valueName: "seconds"))
    var wait: Int?

    func validate() throws { try require(wait, in: NumberLimits.seconds, "--wait") }

    func set(_ options: inout DatabaseOptions, isQuiet: Bool) {
        if let wait { options.lockTimeout = .seconds(wait) }
        // Without a terminal, and without being asked to wait, a failure is a single line.
        if isQuiet || wait == nil && !Messages.isTerminal { return }
        options.isWaiting = { holder in
            Messages.error("waiting for " + (holder ?? "another process") + ", which is writing")
        }
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
