import ArgumentParser
import VectorDatabase

/// `vdb list`: lists documents ordered by id.
struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List documents ordered by id.",
        discussion: """
            Examples:
              vdb list --limit 20
              vdb list --after apples-1 --format json
            """)

    @Option(help: ArgumentHelp("The most documents listed.", valueName: "n"))
    var limit = 100

    @Option(help: ArgumentHelp("Start after this id.", valueName: "id"))
    var after: String?

    @Option(help: "The output format; json prints one object a line.")
    var format = AnswerFormat.table

    @OptionGroup var arguments: DatabaseArguments
    @OptionGroup var general: GeneralArguments

    func validate() throws { try requirePositive(limit, "--limit") }

    func run() async throws {
        let database = try arguments.open(.readOnly, threads: general.threads)
        defer { try? database.close() }
        let collection = database.collection(arguments.collection)
        let width = Output.isTerminal ? min(Terminal.width(of: 1), 160) : Int.max
        var last = after
        var left = limit
        while left > 0 {
            let page = try collection.documents(after: last, limit: min(left, 256))
            for document in page {
                switch format {
                case .json: document.jsonLine(idKey: "id").print()
                case .table:
                    let what = document.title.isEmpty ? document.text : document.title
                    let row =
                        Columns.plain(document.id) + "\t" + Columns.plain(String(what.prefix(200)))
                    Output.line(Columns.truncated(row, to: width))
                }
            }
            left -= page.count
            last = page.last?.id
            if page.count < 256 { break }
        }
        if left == 0, let last, try !collection.documents(after: last, limit: 1).isEmpty {
            Output.flush()
            general.say("vdb: there are more documents; see --limit and --after")
        }
    }
}
