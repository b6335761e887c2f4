import ArgumentParser

/// How an ingest is shared by several processes.
struct JobArguments: ParsableArguments {
    @Option(
        name: .customLong("job"),
        help: ArgumentHelp(
            """
            With PostgreSQL, share the work with every other process that is started with the same job, \
            files and options, on this machine or another.
            """, valueName: "name"))
    var name: String?

    @Option(
        help: ArgumentHelp(
            "With --job, cut JSONL and TSV files that are longer, in bytes (default: 64MiB).",
            valueName: "size"))
    var unitSize: ByteSize?

    @Flag(help: "With --job, try again what has failed.")
    var retryFailed = false

    /// The most bytes of a name.
    private static let longestName = 200

    func validate() throws {
        try require(unitSize?.bytes, in: ByteSize.limits, "--unit-size")
        guard let name else {
            if unitSize != nil { throw ValidationError("--unit-size needs --job") }
            if retryFailed { throw ValidationError("--retry-failed needs --job") }
            return
        }
        guard (1...Self.longestName).contains(name.utf8.count), !name.utf8.contains(0) else {
            throw ValidationError("--job needs a name of 1 to \(Self.longestName) bytes")
        }
    }

    /// Refuses what workers cannot share.
    func check(_ command: IngestCommand) throws {
        guard name != nil else { return }
        if command.synchronize.watch {
            throw ValidationError(
                "--job and --watch exclude each other: the files of a job do not change")
        }
        if command.synchronize.dryRun {
            throw ValidationError("--job and --dry-run exclude each other")
        }
        if command.paths.contains("-") {
            throw ValidationError("--job needs files or folders, not standard input")
        }
        if command.onConflict == .error {
            throw ValidationError(
                "--job needs --on-conflict replace or skip: a document that was stored just before "
                    + "a worker died is stored again")
        }
    }
}
