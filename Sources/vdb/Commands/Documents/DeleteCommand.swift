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

    @OptionGroup var selection: FilterArguments

    @Option(help: "The output format.")
    var format = AnswerFormat.table

    @OptionGroup var arguments: DatabaseArguments
    @OptionGroup var lock: LockArguments
    @OptionGroup var general: GeneralArguments

    func validate() throws {
        if ids.isEmpty == (selection.expression == nil) {
            throw ValidationError("pass either ids or --where")
        }
    }

    func run() async throws {
        let filter = try selection.parsed()
        Interruption.finishesCleanly()
        let database = try arguments.open(.readWrite, general, lock)
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
        if deleted == 0 { FilterArguments.tellUnknownFields(of: filter, in: collection, general) }
        if !missing.isEmpty { throw DatabaseError.documentsMissing(ids: missing) }
    }
}
