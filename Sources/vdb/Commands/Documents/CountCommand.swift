import ArgumentParser
import JSON
import VectorDatabase

/// `vdb count`: the number of documents.
struct CountCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "count", abstract: "Count documents.",
        discussion: """
            Examples:
              vdb count
              vdb count --where "lang = 'en' AND year >= 2020"
            """)

    @OptionGroup var selection: FilterArguments

    @Option(help: "The output format.")
    var format = AnswerFormat.table

    @OptionGroup var arguments: DatabaseArguments
    @OptionGroup var reader: ReaderArguments
    @OptionGroup var general: GeneralArguments

    func run() async throws {
        let filter = try selection.parsed()
        let database = try arguments.open(reader, threads: general.threads)
        defer { try? database.close() }
        let collection = database.collection(arguments.collection)
        let count = try collection.count(where: filter)
        switch format {
        case .table: Output.line("\(count)")
        case .json:
            var line = JSONWriter()
            line.set("count", count)
            line.print()
        }
        if count == 0 { FilterArguments.tellUnknownFields(of: filter, in: collection, general) }
    }
}
