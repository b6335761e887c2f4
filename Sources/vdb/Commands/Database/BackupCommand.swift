import ArgumentParser
import Foundation
import VectorDatabase

/// `vdb backup`: a consistent copy of the database.
struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Make a consistent copy of the database while others write.",
        discussion: """
            Example:
              vdb backup notes-monday.vdb --db notes.vdb

            The copy is one file, and a database like any other: --db opens it.
            """)

    @Argument(help: "The file to write; it must not exist.", completion: .file())
    var destination: String

    @OptionGroup var arguments: DatabaseArguments
    @OptionGroup var general: GeneralArguments

    func run() async throws {
        let database = try arguments.file.open(.readOnly, threads: general.threads)
        defer { try? database.close() }
        if FileManager.default.fileExists(atPath: destination) {
            throw CommandFailure(
                .cannotCreate, "\(destination): already exists; choose another file")
        }
        Interruption.finishesCleanly()
        try await database.backup(to: destination)
        general.say("\(destination): written")
    }
}
