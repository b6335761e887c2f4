import ArgumentParser
import JSON
import VectorDatabase

/// `vdb fields`: the metadata fields of a collection.
struct FieldsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fields", abstract: "List metadata fields with types, counts and examples.",
        discussion: """
            Examples:
              vdb fields
              vdb fields --format json

            The names are those that --where takes; 'vdb help filters' describes it. An array counts \
            by its elements.
            """)

    @Option(help: "The output format; json prints one object a line.")
    var format = AnswerFormat.table

    @OptionGroup var arguments: DatabaseArguments
    @OptionGroup var reader: ReaderArguments
    @OptionGroup var general: GeneralArguments

    func run() async throws {
        let database = try arguments.open(reader, threads: general.threads)
        defer { try? database.close() }
        let fields = try database.collection(arguments.collection).fields()
        switch format {
        case .json: for field in fields { field.json.print() }
        case .table: table(fields)
        }
        if fields.isEmpty, format == .table { general.say("vdb: the documents have no metadata") }
    }

    private func table(_ fields: [FieldStatistics]) {
        let width = Output.isTerminal ? min(Terminal.width(of: 1), 160) : Int.max
        let rows = fields.map { field in
            (
                Columns.plain(field.name),
                field.types.keys.sorted().map(\.rawValue).joined(separator: ", "),
                Figures.grouped(field.documents),
                field.distinct.map(Figures.grouped) ?? "> \(FieldStatistics.distinctLimit)",
                Columns.plain(field.examples.map(\.jsonText).joined(separator: ", "))
            )
        }
        let head = ("field", "types", "documents", "distinct", "examples")
        let all = (rows.isEmpty ? [] : [head]) + rows
        let widths = (
            all.map { Columns.width(of: $0.0) }.max() ?? 0, all.map(\.1.count).max() ?? 0,
            all.map(\.2.count).max() ?? 0, all.map(\.3.count).max() ?? 0
        )
        for row in all {
            let line =
                Columns.left(row.0, widths.0) + "  " + Columns.left(row.1, widths.1) + "  "
                + Columns.right(row.2, widths.2, gap: 0) + "  "
                + Columns.right(row.3, widths.3, gap: 0) + "  " + row.4
            Output.line(Columns.truncated(line, to: width))
        }
    }
}
