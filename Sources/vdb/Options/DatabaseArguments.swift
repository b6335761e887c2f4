import ArgumentParser
import Foundation
import VectorDatabase

/// Which database and collection a command works on.
struct DatabaseArguments: ParsableArguments {
    @Option(
        name: .customLong("db"),
        help: ArgumentHelp(
            "The database file (default: $VDB_DB, else corpus.vdb).", valueName: "path"),
        completion: .file())
    var givenPath: String?

    @Option(help: ArgumentHelp("The collection in it.", valueName: "name"))
    var collection = "default"

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
    /// - Parameter findEmbedder: finds the embedder of a collection when it is needed.
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

/// What every command understands.
struct GeneralArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Threads to use (default: as many as there are cores).", valueName: "n"))
    var threads: Int?

    @Flag(name: .shortAndLong, help: "Show neither progress nor summary.")
    var quiet = false

    func validate() throws {
        try require(threads, in: NumberLimits.threads, "--threads")
    }

    /// Says something that is no result and no error.
    func say(_ text: String) { if !quiet { Messages.line(text) } }
}

/// How answers of a command are printed that people and programs read.
enum AnswerFormat: String, ExpressibleByArgument, CaseIterable {
    case table, json
}
