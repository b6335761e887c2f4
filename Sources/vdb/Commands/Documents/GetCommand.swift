import ArgumentParser
import JSON
import VectorDatabase

/// `vdb get`: shows documents by their ids.
struct GetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Show documents.",
        discussion: """
            Example:
              vdb get apples-1 apples-2 --format json
            """)

    @Argument(help: "The documents' ids.")
    var ids: [String]

    @Option(help: "The output format; json prints one object a line.")
    var format = AnswerFormat.table

    @OptionGroup var arguments: DatabaseArguments
    @OptionGroup var reader: ReaderArguments
    @OptionGroup var general: GeneralArguments

    func run() async throws {
        let database = try arguments.open(reader, threads: general.threads)
        defer { try? database.close() }
        let collection = database.collection(arguments.collection)
        var missing: [String] = []
        for id in ids {
            guard let document = try collection.document(id) else {
                missing.append(id)
                continue
            }
            switch format {
            case .json: document.jsonLine(idKey: "id").print()
            case .table: show(document)
            }
        }
        if !missing.isEmpty { throw DatabaseError.documentsMissing(ids: missing) }
    }

    private func show(_ document: Document) {
        let title = Columns.plain(document.title)
        Output.line(
            Terminal.styled(Columns.plain(document.id), .bold) + (title.isEmpty ? "" : "  " + title)
        )
        if !document.metadata.isEmpty {
            Output.line(Terminal.styled(JSONValue.object(document.metadata).jsonText, .dim))
        }
        Output.line(document.text)
    }
}
