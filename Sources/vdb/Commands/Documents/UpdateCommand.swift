import ArgumentParser
import JSON
import TextBytes
import VectorDatabase

/// `vdb update`: changes metadata; nothing is encoded.
struct UpdateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "update", abstract: "Change the metadata of documents, without encoding.",
        discussion: """
            Examples:
              vdb update apples-1 --set year=2024 --set 'tags=["fruit","cellar"]'
              vdb update --where "lang = 'eng'" --set lang=en --unset draft

            A value is JSON if it can be read as that (numbers, true, false, null, arrays, objects, \
            "text"), else text.
            """)

    @Argument(help: "The documents' ids.")
    var ids: [String] = []

    @OptionGroup var selection: FilterArguments

    @Option(help: ArgumentHelp("Set a field; repeatable.", valueName: "field=value"))
    var set: [String] = []

    @Option(help: ArgumentHelp("Remove a field; repeatable.", valueName: "field"))
    var unset: [String] = []

    @Option(help: "The output format.")
    var format = AnswerFormat.table

    @OptionGroup var arguments: DatabaseArguments
    @OptionGroup var lock: LockArguments
    @OptionGroup var general: GeneralArguments

    func validate() throws {
        if ids.isEmpty == (selection.expression == nil) {
            throw ValidationError("pass either ids or --where")
        }
        if set.isEmpty, unset.isEmpty { throw ValidationError("pass --set or --unset") }
        if let wrong = set.first(where: { Self.pair($0) == nil }) {
            throw ValidationError("--set: '\(wrong)' must be field=value")
        }
    }

    private static func pair(_ argument: String) -> (field: String, value: JSONValue)? {
        guard let equals = argument.firstIndex(of: "="), equals > argument.startIndex else {
            return nil
        }
        let text = String(argument[argument.index(after: equals)...])
        let value = (try? JSONValue(parsing: text)) ?? .string(text)
        return (String(argument[..<equals]), value)
    }

    func run() async throws {
        let filter = try selection.parsed()
        let changes = set.compactMap(Self.pair)
        let removed = unset
        Interruption.finishesCleanly()
        let database = try arguments.open(.readWrite, general, lock)
        defer { try? database.close() }
        let collection = database.collection(arguments.collection)
        let chosen = try filter.map { try collection.ids(where: $0) } ?? ids
        let missing = filter == nil ? try ids.filter { try collection.document($0) == nil } : []
        let updated = try await collection.updateMetadata(ofDocuments: chosen) { metadata in
            for (field, value) in changes { metadata[field] = value }
            for field in removed { metadata[field] = nil }
        }
        switch format {
        case .json:
            var line = JSONWriter()
            line.set("updated", updated)
            line.print()
        case .table: general.say("\(updated) document\(updated == 1 ? "" : "s") updated")
        }
        if chosen.isEmpty { FilterArguments.tellUnknownFields(of: filter, in: collection, general) }
        if !missing.isEmpty { throw DatabaseError.documentsMissing(ids: missing) }
    }
}
