import ArgumentParser
import ModelHub

/// `vdb model remove`: takes a model's name from the store.
struct ModelRemoveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove a model from the store.",
        discussion: """
            Example:
              vdb model remove small

            A model that was added without --copy stays where it is.
            """)

    @Argument(help: "The name.") var name: String

    func run() throws {
        guard let store = ModelStore() else { throw ModelLocationError.noStore("vdb") }
        try store.remove(name)
    }
}
