import ArgumentParser
import TextBytes
import VectorDatabase

/// `vdb list`: lists documents ordered by id.
struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List documents ordered by id.",
        discussion: """
            Examples:
              vdb list --limit 20
              vdb list --after apples-1 --format json
              vdb list --where "id LIKE 'archive/%' AND year < 2000"
            """)

    @Option(
        help: ArgumentHelp(
            "The most documents listed (default: 100 on a terminal, else all).", valueName: "n"))
    var limit: Int?

    @OptionGroup var selection: FilterArguments

    @Option(help: ArgumentHelp("Start after this id.", valueName: "id"))
    var after: String?

    @Option(help: "The output format; json prints one object a line.")
    var format = AnswerFormat.table

    @OptionGroup var arguments: DatabaseArguments
    @OptionGroup var reader: ReaderArguments
    @OptionGroup var general: GeneralArguments

    func validate() throws { try requirePositive(limit, "--limit") }

    func run() async throws {
        let filter = try selection.parsed()
        let limit = limit ?? (Output.isTerminal ? 100 : Int.max)
        let database = try arguments.open(reader, threads: general.threads)
        defer { try? database.close() }
        let collection = database.collection(arguments.collection)
        let width = Output.isTerminal ? min(Terminal.width(of: 1), 160) : Int.max
        if let filter {
            let ids = try collection.ids(where: filter).filter { id in
                after.map { $0.precedesByBytes(id) } ?? true
            }
            for id in ids.prefix(limit) {
                if let document = try collection.document(id) { show(document, width: width) }
            }
            if ids.count > limit { tellMore() }
            if ids.isEmpty {
                FilterArguments.tellUnknownFields(of: filter, in: collection, general)
            }
            return
        }
        var last = after
        var left = limit
        while left > 0 {
            let page = try collection.documents(after: last, limit: min(left, 256))
            for document in page { show(document, width: width) }
            left -= page.count
            last = page.last?.id
            if page.count < 256 { break }
        }
        if left == 0, let last, try !collection.documents(after: last, limit: 1).isEmpty {
            tellMore()
        }
    }

    private func tellMore() {
        Output.flush()
        general.say("vdb: there are more documents; see --limit and --after")
    }

    private func show(_ document: Document, width: Int) {
        switch format {
        case .json: document.jsonLine(idKey: "id").print()
        case .table:
            let what = document.title.isEmpty ? document.text : document.title
            // A tab has any width on a terminal.
            let row =
                Columns.plain(document.id) + (Output.isTerminal ? "  " : "\t")
                + Columns.plain(String(what.prefix(200)))
            Output.line(Columns.truncated(row, to: width))
        }
    }
}
