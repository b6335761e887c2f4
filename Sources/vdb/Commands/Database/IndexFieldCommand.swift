import ArgumentParser
import VectorDatabase

/// `vdb index-field`: fast filters on a metadata field.
struct IndexFieldCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "index-field", abstract: "Make filters on a metadata field fast.",
        discussion: """
            Examples:
              vdb index-field year
              vdb index-field year --drop
            """)

    @Argument(help: "The field, as --where names it.")
    var name: String

    @Flag(help: "Forget the field's index; filters on it still work.")
    var drop = false

    @OptionGroup var arguments: DatabaseArguments
    @OptionGroup var general: GeneralArguments

    func run() async throws {
        Interruption.finishesCleanly()
        let database = try arguments.open(.readWrite, threads: general.threads)
        defer { try? database.close() }
        let collection = database.collection(arguments.collection)
        if drop {
            let wasIndexed = try await collection.dropIndexField(name)
            general.say("\(name): \(wasIndexed ? "no longer indexed" : "was not indexed")")
        } else {
            try await collection.indexField(name)
            general.say("\(name): indexed")
        }
    }
}
