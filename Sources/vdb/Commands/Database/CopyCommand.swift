import ArgumentParser
import PostgresStorage
import VectorDatabase

/// `vdb copy`: takes collections to another database.
struct CopyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "copy", abstract: "Copy collections to another database.",
        discussion: """
            Examples:
              vdb copy --db notes.vdb --to archive.vdb
              vdb copy --db notes.vdb --to archive.vdb --collection letters
              vdb copy --db notes.vdb --to postgres://vdb@db1/notes

            Documents, vectors and what identifies their model are copied; nothing is encoded, so no model \
            is needed. Documents that the other database has already with the same content are left \
            alone, others with the same id are replaced, and nothing is deleted. If it is interrupted, \
            the same command goes on where it stopped.
            """)

    @Option(
        help: ArgumentHelp(
            "The database to copy to, as --db; it is made if it does not exist.", valueName: "path"),
        completion: .file())
    var to: String

    @Option(
        help: ArgumentHelp(
            "The collection to copy (default: all).", valueName: "name"))
    var collection: String?

    @OptionGroup var postgres: PostgresArguments
    @OptionGroup var file: DatabaseFileArguments
    @OptionGroup var lock: LockArguments
    @OptionGroup var general: GeneralArguments

    func validate() throws {
        if to.isEmpty { throw ValidationError("--to needs a path") }
    }

    func run() async throws {
        Interruption.finishesCleanly()
        let source = try file.open(.readOnly, general, lock)
        defer { try? source.close() }
        let names = try collection.map { [$0] } ?? source.collectionNames()
        // A collection that is missing should not leave an empty database behind.
        for name in names { _ = try source.collection(name).count() }
        let target = DatabaseFileArguments(path: to)
        var server = PostgresOptions()
        postgres.set(&server)
        let destination = try target.open(.create, general, lock, server: server)
        defer { try? destination.close() }
        for name in names {
            let bar = ProgressLine(unit: "documents", isQuiet: general.quiet)
            defer { bar.clear() }
            let done = try await source.collection(name).copy(to: destination.collection(name)) {
                bar.update(done: $0.done, total: max($0.total, $0.done), note: nil)
            }
            bar.clear()
            general.say(
                "\(target.name): '\(name)': \(Figures.count(done.written, "document")) copied, "
                    + "\(done.unchanged) unchanged")
        }
    }
}
