import ArgumentParser
import ModelHub

/// `vdb model remove`: removes a model from the store.
struct ModelRemoveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove a model from the store.",
        discussion: """
            Example:
              vdb model remove small

            If the model was added without --copy, its files are kept.
            """)

    @Argument(help: "The model's name in the store.") var name: String

    func run() throws {
        guard let store = ModelStore() else { throw ModelLocationError.noStore("vdb") }
        try store.remove(name)
    }
}
