import ArgumentParser
import JSON
import VectorDatabase

/// `vdb delete`: deletes documents by their ids or metadata.
struct DeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Delete documents.",
        discussion: """
            Examples:
              vdb delete apples-1 apples-2
              vdb delete --where "year < 2000"
            """)

    @Argument(help: "The documents' ids.")
    var ids: [String] = []

    @Option(
        name: .customLong("where"),
        help: ArgumentHelp("Delete documents whose metadata match.", valueName: "expression"))
    var filter: String?

    @Option(help: "The output format.")
    var format = AnswerFormat.table

    @OptionGroup var arguments: DatabaseArguments
    @OptionGroup var general: GeneralArguments

    func validate() throws {
        if ids.isEmpty == (filter == nil) {
            throw ValidationError("pass either ids or --where")
        }
    }

    func run() async throws {
        let filter = try filter.map { try Filter($0) }
        Interruption.finishesCleanly()
        let database = try arguments.open(.readWrite, threads: general.threads)
        defer { try? database.close() }
        let collection = database.collection(arguments.collection)
        var missing: [String] = []
        let deleted: Int
        if let filter {
            deleted = try await collection.delete(where: filter)
        } else {
            missing = try ids.filter { try collection.document($0) == nil }
            deleted = try await collection.delete(ids)
        }
        switch format {
        case .json:
            var line = JSONWriter()
            line.set("deleted", deleted)
            line.print()
        case .table: general.say("\(deleted) document\(deleted == 1 ? "" : "s") deleted")
        }
        if !missing.isEmpty { throw DatabaseError.documentsMissing(ids: missing) }
    }
}
