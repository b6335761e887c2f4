import ArgumentParser
import JSON
import VectorDatabase

#if SERVER
    import HTTPServer
#endif

/// `vdb key`: makes a key for the server.
struct KeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "Make a key for the server.",
        discussion: """
            Prints a new key, and below it the line for the file of --api-keys. The line has only a \
            digest of the key, which no one can turn back into it.

            Example:
              vdb key --name laptop --role read
            """)

    enum Role: String, ExpressibleByArgument, CaseIterable { case read, write }

    @Option(help: ArgumentHelp("The key's name in logs.", valueName: "name"))
    var name = "key"

    @Option(help: "What the key may do: read, or also write.")
    var role = Role.read

    @Option(
        name: .customLong("collection"),
        help: ArgumentHelp(
            "A collection that the key reaches; repeatable (default: all).", valueName: "name"))
    var collections: [String] = []

    #if SERVER
        func run() throws {
            let key = APIKey.random()
            var line = JSONWriter()
            line.set("name", name)
            line.set("role", role.rawValue)
            line.set("sha256", try APIKey.digest(of: key))
            if !collections.isEmpty {
                line.set("collections", .array(collections.map { .string($0) }))
            }
            Output.line(key)
            line.print()
        }
    #else
        func run() throws { try ServerProgram.become() }
    #endif
}
