import ArgumentParser
import VectorDatabase

/// `vdb export`: all documents as JSON Lines that `vdb ingest` reads.
struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Print documents as JSON Lines.",
        discussion: """
            Examples:
              vdb export --vectors | zstd > corpus.jsonl.zst
              vdb export --where "lang = 'en'" > english.jsonl

            The first line has the collection's settings and model, and how search was fitted, every \
            other line a document; 'vdb ingest' recreates the collection from them, with --vectors without encoding.
            """)

    @Flag(help: "Add each document's vector.")
    var vectors = false

    @OptionGroup var selection: FilterArguments
    @OptionGroup var arguments: DatabaseArguments
    @OptionGroup var reader: ReaderArguments
    @OptionGroup var general: GeneralArguments

    func run() async throws {
        let filter = try selection.parsed()
        let database = try arguments.open(reader, threads: general.threads)
        defer { try? database.close() }
        let collection = database.collection(arguments.collection)
        let settings = CollectionSettings(try collection.statistics(includesBytes: false))
        Output.line(settings.exportLine.jsonText)
        var count = 0
        for try await document in collection.export(
            where: filter, includesVectors: vectors, includesPassages: true)
        {
            document.jsonLine(idKey: "_id").print()
            count += 1
        }
        if count == 0 { FilterArguments.tellUnknownFields(of: filter, in: collection, general) }
    }
}
