import ArgumentParser
import VectorDatabase

/// `vdb index-field`: indexes a metadata field for fast filters.
struct IndexFieldCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "index-field",
        abstract: "Index a metadata field, so that filters on it are fast.",
        discussion: """
            Examples:
              vdb index-field year
              vdb index-field year --drop
            """)

    @Argument(help: "The field's name, as in --where.")
    var name: String

    @Flag(help: "Remove the field's index; filters on it still work.")
    var drop = false

    @OptionGroup var arguments: DatabaseArguments
    @OptionGroup var lock: LockArguments
    @OptionGroup var general: GeneralArguments

    func run() async throws {
        Interruption.finishesCleanly()
        let database = try arguments.open(.readWrite, general, lock)
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
