import ArgumentParser
import Foundation
import VectorDatabase

/// `vdb backup`: a copy as of one moment.
struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copy the database as it is at one moment, while others write.",
        discussion: """
            Example:
              vdb backup notes-monday.vdb --db notes.vdb

            The copy is one file. It is a database like any other: --db opens it.
            """)

    @Argument(help: "The file to make.", completion: .file())
    var destination: String

    @OptionGroup var arguments: DatabaseArguments
    @OptionGroup var general: GeneralArguments

    func run() async throws {
        let database = try arguments.open(.readOnly, threads: general.threads)
        defer { try? database.close() }
        if FileManager.default.fileExists(atPath: destination) {
            throw CommandFailure(
                .cannotCreate, "\(destination): is there already; name another file")
        }
        Interruption.finishesCleanly()
        try await database.backup(to: destination)
        general.say("\(destination): written")
    }
}
