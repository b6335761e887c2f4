import ArgumentParser

/// `vdb collections`: the collections of a database.
struct CollectionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "collections",
        abstract: "List, drop, rename and copy collections.",
        discussion: """
            Examples:
              vdb collections
              vdb collections rename default notes
              vdb collections copy notes experiment
              vdb collections drop experiment --yes

            'vdb ingest --collection NAME' creates a collection.
            """,
        subcommands: [
            CollectionsListCommand.self, CollectionsDropCommand.self,
            CollectionsRenameCommand.self, CollectionsCopyCommand.self,
        ],
        defaultSubcommand: CollectionsListCommand.self)
}
