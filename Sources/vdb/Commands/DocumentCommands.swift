import ArgumentParser
import VectorDatabase

/// `vdb get`: documents by their ids.
struct GetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Show documents.",
        discussion: """
            Example:
              vdb get apples-1 apples-2 --format json
            """)

    @Argument(help: "The documents' ids.")
    var ids: [String]

    @Option(help: "How documents are printed; json is one object a line.")
    var format = AnswerFormat.table

    @OptionGroup var database: DatabaseArguments
    @OptionGroup var general: GeneralArguments

    func run() async throws {
        let store = try database.open(.readOnly, threads: general.threads)
        defer { try? store.close() }
        let collection = store.collection(database.collection)
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

/// `vdb list`: the documents in the order of their ids.
struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List documents in the order of their ids.",
        discussion: """
            Examples:
              vdb list --limit 20
              vdb list --after apples-1 --format json
            """)

    @Option(help: ArgumentHelp("Documents listed at most.", valueName: "n"))
    var limit = 100

    @Option(help: ArgumentHelp("Begin after this id.", valueName: "id"))
    var after: String?

    @Option(help: "How documents are printed; json is one object a line.")
    var format = AnswerFormat.table

    @OptionGroup var database: DatabaseArguments
    @OptionGroup var general: GeneralArguments

    func validate() throws { try requirePositive(limit, "--limit") }

    func run() async throws {
        let store = try database.open(.readOnly, threads: general.threads)
        defer { try? store.close() }
        let collection = store.collection(database.collection)
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
    }
}

/// `vdb delete`: documents by their ids or metadata.
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

    @Option(
        name: .customLong("where"),
        help: ArgumentHelp("Delete the documents whose metadata match.", valueName: "expression"))
    var filter: String?

    @Option(help: "How the number of deleted documents is printed.")
    var format = AnswerFormat.table

    @OptionGroup var database: DatabaseArguments
    @OptionGroup var general: GeneralArguments

    func validate() throws {
        if ids.isEmpty == (filter == nil) {
            throw ValidationError("give either ids or --where")
        }
    }

    func run() async throws {
        let filter = try filter.map { try Filter($0) }
        Interruption.finishesCleanly()
        let store = try database.open(.readWrite, threads: general.threads)
        defer { try? store.close() }
        let collection = store.collection(database.collection)
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
            var line = JSONLine()
            line.set("deleted", deleted)
            line.print()
        case .table: general.say("\(deleted) document\(deleted == 1 ? "" : "s") deleted")
        }
        if !missing.isEmpty { throw DatabaseError.documentsMissing(ids: missing) }
    }
}

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

    @OptionGroup var database: DatabaseArguments
    @OptionGroup var general: GeneralArguments

    func run() async throws {
        let store = try database.open(.readOnly, threads: general.threads)
        defer { try? store.close() }
        let collection = store.collection(database.collection)
        for try await document in collection.export(includesVectors: vectors) {
            document.jsonLine(idKey: "_id").print()
        }
    }
}

extension Document {
    /// The document as `vdb ingest` reads it, apart from the key of its id.
    func jsonLine(idKey: String) -> JSONLine {
        var line = JSONLine()
        line.set(idKey, id)
        line.set("title", title)
        line.set("text", text)
        line.set("metadata", .object(metadata))
        if let vector { line.set("vector", vector) }
        return line
    }
}
