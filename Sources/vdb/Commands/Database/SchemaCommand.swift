import ArgumentParser
import PostgresStorage
import VectorDatabase

/// `vdb schema`: what an administrator runs before a database can be made in PostgreSQL.
struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Print the SQL that prepares a PostgreSQL database for vdb.",
        discussion: """
            Example:
              vdb schema --postgres --db 'postgres://vdb@db1/corpus' | psql -d corpus

            The first ingest makes the extension pgvector, a schema and its tables by itself. If its user \
            may not, an administrator runs this once in the database: it makes the extension and the \
            schema, and lets the user make tables in it. Nothing is connected to.
            """)

    @Flag(help: "Print the SQL for PostgreSQL.")
    var postgres = false

    @Option(
        help: ArgumentHelp(
            "The user who shall ingest (default: that of --db, else vdb).", valueName: "name"))
    var role: String?

    @OptionGroup var file: DatabaseFileArguments
    @OptionGroup var general: GeneralArguments

    func validate() throws {
        if !postgres { throw ValidationError("--postgres is needed: a file needs no preparation") }
        if role?.isEmpty == true { throw ValidationError("--role needs a name") }
    }

    func run() throws {
        var uri: String?
        if case .postgres(let text) = file.location { uri = text }
        guard let sql = DatabaseLocation.preparation(for: uri, user: role) else {
            throw CommandFailure(.usage, "--db: the name of a schema has 1 to 63 bytes")
        }
        Output.write(Array(sql.utf8))
    }
}
