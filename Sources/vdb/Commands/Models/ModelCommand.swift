import ArgumentParser

/// `vdb model`: which models there are, and what they are.
struct ModelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model",
        abstract: "List, describe, add, remove and convert models.",
        discussion: """
            Examples:
              vdb model list
              vdb model info ./model.gguf
              vdb model add ~/models/small.gguf --name small
              vdb model convert small ./small-folder

            Every command that takes --model takes the names.
            """,
        subcommands: [
            ModelListCommand.self, ModelInfoCommand.self, ModelAddCommand.self,
            ModelRemoveCommand.self, ModelConvertCommand.self,
        ])
}
