import ArgumentParser
import VectorDatabase

/// `vdb export`: every document as JSON Lines that `vdb ingest` takes.
struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Print all documents as JSON Lines.",
        discussion: """
            Example:
              vdb export --vectors | zstd > corpus.jsonl.zst

            What it prints can be ingested again. With --vectors nothing needs encoding then; \
            documents in several passages have no one vector and are printed without.
            """)

    @Flag(help: "Add each document's vector.")
    var vectors = false

    @OptionGroup var arguments: DatabaseArguments
    @OptionGroup var general: GeneralArguments

    func run() async throws {
        let database = try arguments.open(.readOnly, threads: general.threads)
        defer { try? database.close() }
        let collection = database.collection(arguments.collection)
        for try await document in collection.export(includesVectors: vectors) {
            document.jsonLine(idKey: "_id").print()
        }
    }
}
