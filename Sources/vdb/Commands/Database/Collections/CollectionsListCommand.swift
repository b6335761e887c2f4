import ArgumentParser
import JSON
import VectorDatabase

/// `vdb collections list`, also `vdb collections`: the names and sizes of collections.
struct CollectionsListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the collections.",
        discussion: """
            Examples:
              vdb collections
              vdb collections list --db notes.vdb --format json
            """)

    @Option(help: "The output format; json prints one object a line.")
    var format = AnswerFormat.table

    @OptionGroup var file: DatabaseFileArguments
    @OptionGroup var reader: ReaderArguments
    @OptionGroup var general: GeneralArguments

    func run() async throws {
        let database = try file.open(reader, threads: general.threads)
        defer { try? database.close() }
        let collections = try database.collectionNames().map {
            try database.collection($0).statistics(includesBytes: false)
        }
        switch format {
        case .json: for collection in collections { Self.json(collection).print() }
        case .table: table(collections)
        }
        if collections.isEmpty, format == .table {
            general.say("vdb: \(file.name) has no collections")
        }
    }

    private static func json(_ collection: CollectionStatistics) -> JSONWriter {
        var line = JSONWriter()
        line.set("collection", collection.name)
        line.set("documents", collection.documents)
        line.set("passages", collection.passages)
        line.set("dimensions", collection.dimensions)
        line.set("metric", collection.metric.rawValue)
        line.set("model", collection.model.map { .string($0.name) } ?? .null)
        return line
    }

    private func table(_ collections: [CollectionStatistics]) {
        guard !collections.isEmpty else { return }
        let rows =
            [("collection", "documents", "passages", "dimensions", "model")]
            + collections.map { collection in
                (
                    Columns.plain(collection.name), Figures.grouped(collection.documents),
                    Figures.grouped(collection.passages), "\(collection.dimensions)",
                    Columns.plain(collection.model?.name ?? "-")
                )
            }
        let width = Output.isTerminal ? Terminal.width(of: 1) : Int.max
        let name = rows.map { Columns.width(of: $0.0) }.max() ?? 0
        let figures = [rows.map(\.1), rows.map(\.2), rows.map(\.3)].map { column in
            column.map(\.count).max() ?? 0
        }
        for row in rows {
            let line =
                [
                    Columns.left(row.0, name), Columns.right(row.1, figures[0], gap: 0),
                    Columns.right(row.2, figures[1], gap: 0),
                    Columns.right(row.3, figures[2], gap: 0), row.4,
                ].joined(separator: "  ")
            Output.line(Columns.truncated(line, to: width))
        }
    }
}
