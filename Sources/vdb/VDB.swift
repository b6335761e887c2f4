import ArgumentParser

/// The root command: what `vdb --help` shows.
struct VDB: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vdb",
        abstract: "A vector retrieval database with a built-in embedder.",
        discussion: """
            A first session:
              vdb ingest ~/notes
              vdb query "why does the sky turn red in the evening?"

            The database is one file: --db, else $VDB_DB, else corpus.vdb in the current folder. Or it \
            is in PostgreSQL: --db postgres://USER@HOST/DATABASE.
            'vdb help filters' describes --where, 'vdb help formats' what is read, 'vdb help exit-status' \
            the statuses, and 'vdb help environment' the variables.
            'vdb --version --verbose' shows the kernels that are used on this machine.
            """,
        version: version,
        groupedSubcommands: [
            CommandGroup(
                name: "Documents",
                subcommands: [
                    IngestCommand.self, QueryCommand.self, GetCommand.self, ListCommand.self,
                    CountCommand.self, FieldsCommand.self, UpdateCommand.self,
                    DeleteCommand.self, ExportCommand.self,
                ]),
            CommandGroup(
                name: "Database",
                subcommands: [
                    StatsCommand.self, CollectionsCommand.self, IndexFieldCommand.self,
                    CheckCommand.self,
                    CompactCommand.self, BackupCommand.self, CopyCommand.self,
                    ReindexCommand.self, SchemaCommand.self, PlacesCommand.self,
                ]),
            CommandGroup(
                name: "Model",
                subcommands: [
                    EmbedCommand.self, TokenizeCommand.self, ScoreCommand.self, DecodeCommand.self,
                    ModelCommand.self,
                ]),
            CommandGroup(
                name: "Training",
                subcommands: [
                    TrainCommand.self, MineCommand.self, GenerateCommand.self, TuneCommand.self,
                ]),
            CommandGroup(name: "Evaluation", subcommands: [EvalCommand.self]),
            CommandGroup(name: "Assistants", subcommands: [MCPCommand.self]),
            CommandGroup(name: "Server", subcommands: [ServeCommand.self, KeyCommand.self]),
            CommandGroup(
                name: "Shell", subcommands: [CompletionsCommand.self, ManualCommand.self]),
        ])

    /// The only definition of the version; CHANGELOG.md lists the changes.
    static let version = "0.2.0"
}
