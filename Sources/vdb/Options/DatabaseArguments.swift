import ArgumentParser
import Foundation
import VectorDatabase

/// The database and collection of a command.
struct DatabaseArguments: ParsableArguments {
    @Option(
        name: .customLong("db"),
        help: ArgumentHelp(
            "The database file (default: $VDB_DB, else corpus.vdb).", valueName: "path"),
        completion: .file())
    var givenPath: String?

    @Option(
        name: .customLong("collection"),
        help: ArgumentHelp(
            "The collection in the database (default: default).", valueName: "name"))
    var givenCollection: String?

    var collection: String { givenCollection ?? "default" }

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
    /// - Parameter models: finds the embedder of a collection when it is needed.
    func open(
        _ access: DatabaseOptions.Access, threads: Int?, models: ModelFinder = ModelFinder()
    ) throws -> Database {
        var options = DatabaseOptions()
        options.access = access
        options.threads = threads
        options.findEmbedder = models.find
        return try Database(path: path, options: options)
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
