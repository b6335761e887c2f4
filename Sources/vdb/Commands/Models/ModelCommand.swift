import ArgumentParser

/// `vdb model`: manages models.
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

            Every --model option accepts these names.
            """,
        subcommands: [
            ModelListCommand.self, ModelInfoCommand.self, ModelAddCommand.self,
            ModelRemoveCommand.self, ModelConvertCommand.self,
        ])
}
