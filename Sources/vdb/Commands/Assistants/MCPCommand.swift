import ArgumentParser
import FileFormat
import Foundation
import ModelContext
import ModelContextProtocol
import VectorDatabase

/// `vdb mcp`: the database as tools of an assistant, over standard input and output.
struct MCPCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mcp",
        abstract: "Give an assistant the database, over the Model Context Protocol.",
        discussion: """
            An assistant such as Claude starts this program and talks to it over standard input and \
            output. It gets five tools: search, get, add, delete and stats; with --read-only only \
            search, get and stats. Example of an assistant's configuration:

              {"mcpServers": {"notes": {"command": "vdb",
                "args": ["mcp", "--db", "/home/me/notes.vdb", "--read-only"]}}}

            or with Claude Code:

              claude mcp add notes -- vdb mcp --db ~/notes.vdb --read-only

            Without --collection the assistant can use every collection. 'vdb ingest' can add \
            documents meanwhile. Messages for people go to standard error. The program ends when \
            its input does.
            """)

    @Flag(help: "Neither list nor allow the tools that change the database.")
    var readOnly = false

    @OptionGroup var model: ModelArguments
    @OptionGroup var arguments: DatabaseArguments
    @OptionGroup var general: GeneralArguments

    func run() async throws {
        // Before anything could print.
        let output = try ProtocolOutput()
        Interruption.finishesCleanly()
        var options = DatabaseOptions()
        options.threads = general.threads
        options.findEmbedder = try model.laterFinder(threads: general.threads)
        let location = arguments.location
        let source =
            location.path.map {
                DatabaseSource(path: $0, isReadOnly: readOnly, options: options)
            }
            ?? DatabaseSource(
                at: location.description, isReadOnly: readOnly, options: options,
                open: { try location.open($0) })
        try announce(source)
        let tools = DatabaseTools(
            source: source, servedCollections: arguments.givenCollection.map { [$0] },
            word: ToolWording.sentence)
        let server = Server(name: "vdb", title: "vdb", version: VDB.version, provider: tools)
        let isQuiet = general.quiet
        let connection = LineConnection(
            server: server, note: { if !isQuiet { Messages.error(Self.sentence($0)) } },
            write: output.write)
        await connection.run {
            DescriptorStream(
                descriptor: STDIN_FILENO, name: "standard input", checksCancellation: false)
        }
        try? source.close()
        try Task.checkCancellation()
    }

    /// Opens the database, so that a wrong file is an error now rather than with the first question.
    /// There may be none yet.
    private func announce(_ source: DatabaseSource) throws {
        do { _ = try source.database() } catch DatabaseError.databaseMissing(let path) {
            general.say(
                "vdb: \(path): there is no database here yet; "
                    + (readOnly ? "create one with 'vdb ingest'" : "the tool add creates one"))
        }
        if isatty(STDIN_FILENO) == 1 {
            general.say(
                "vdb: waiting for an MCP client on standard input; assistants start this program "
                    + "themselves, see 'vdb help mcp'")
        }
    }

    private static func sentence(_ note: LineConnection.Note) -> String {
        switch note {
        case .invalidLine(let number, let error):
            "standard input:\(number): \(error.message)"
        case .cannotRead(let error): "standard input: \(error)"
        }
    }
}
