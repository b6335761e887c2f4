import ArgumentParser
import VectorDatabase

/// How a collection follows the files that it is made from.
struct SynchronizeArguments: ParsableArguments {
    @Flag(
        help: """
            Delete documents whose file or line no longer exists (except those of files with \
            records that cannot be read).
            """)
    var sync = false

    @Option(
        help: ArgumentHelp(
            """
            With --sync, delete at most so many documents, or so many percent of those of the given \
            files and folders; if more are gone, delete none (default: any number, but not all of a \
            file or folder).
            """, valueName: "n|p%"))
    var maxDelete: MaximumDeletions?

    @Flag(help: "Print what would be added, replaced, moved and deleted, and change nothing.")
    var dryRun = false

    @Flag(
        help: """
            Synchronize, then wait for files to change and synchronize again, until interrupted.
            """)
    var watch = false

    @Option(
        help: ArgumentHelp(
            """
            With --watch, look for changes every so many seconds, for network file systems (default: \
            be told of changes where the system can).
            """, valueName: "seconds"))
    var poll: Int?

    /// Whether documents that are gone are deleted.
    var deletes: Bool { sync || watch }

    func validate() throws {
        try require(poll, in: NumberLimits.pollSeconds, "--poll")
        if maxDelete != nil, !deletes {
            throw ValidationError("--max-delete needs --sync or --watch, which delete documents")
        }
        if poll != nil, !watch { throw ValidationError("--poll needs --watch") }
        if watch, dryRun { throw ValidationError("--dry-run does not wait: leave out --watch") }
    }

    func check(_ paths: [String]) throws {
        if deletes, paths.contains("-") {
            throw ValidationError(
                "\(watch ? "--watch" : "--sync") needs files or folders, not standard input")
        }
    }
}

/// `--max-delete`: a number of documents, or a percentage such as `5%`.
struct MaximumDeletions: ExpressibleByArgument {
    let limit: IngestOptions.DeletionLimit

    init?(argument: String) {
        if argument.hasSuffix("%") {
            guard let share = Double(argument.dropLast()), (0...100).contains(share) else {
                return nil
            }
            limit = .percent(share)
        } else {
            guard let count = Int(argument), count >= 0 else { return nil }
            limit = .documents(count)
        }
    }
}
