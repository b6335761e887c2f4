import ArgumentParser
import Foundation
import JSON
import VectorDatabase

/// `vdb query`: finds the documents nearest to a text.
struct QueryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "query",
        abstract: "Find the documents nearest to a text.",
        discussion: """
            Examples:
              vdb query "how long do apples keep?"
              vdb query "storm" --where "year >= 2020 AND lang = 'en'" -k 5
              vdb query "storm" --mode lexical --format json
              vdb query --queries queries.tsv -k 1000 --format trec > run.txt

            The score is the collection's metric (inner product by default) for dense, BM25 for \
            lexical, and for hybrid the BM25 divided by the best hit's, plus w times the inner product \
            divided by the best hit's. With --fusion ranks it is 1 / (60 + lexical rank) + \
            w / (60 + dense rank). w is --hybrid-weight, else "hybrid_weight" in the model's \
            autoregembed.json, else 0.4 (ranks: 0.35). --explain shows both parts.

            --where compares metadata, id and title with =, !=, <, <=, >, >=, IN, BETWEEN, LIKE, ILIKE, \
            CONTAINS, IS NULL, AND, OR, NOT and parentheses; see 'vdb help filters'. As in SQL, comparing a \
            missing field is neither true nor false, and so is its negation: year != 2020, NOT year = 2020 \
            and year NOT IN (2020) find only documents that have a year.
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable { case table, json, trec }

    @Argument(
        help: ArgumentHelp("The query; several words need no quotes.", valueName: "text"))
    var words: [String] = []

    private var text: String? { words.isEmpty ? nil : words.joined(separator: " ") }

    @Option(
        help: ArgumentHelp(
            "A file of queries, TSV (id, text) or JSONL; - for standard input.", valueName: "file"),
        completion: .file())
    var queries: String?

    @Option(name: .customShort("k"), help: ArgumentHelp("The most hits returned.", valueName: "n"))
    var limit = 10

    @Option(help: "Search by vectors, by words or by both (default: hybrid if there is a model).")
    var mode: QueryMode?

    @OptionGroup var fusion: FusionArguments

    @Option(
        help: ArgumentHelp(
            "Candidates kept in index search; more raise recall and time (default: 100, at least -k).",
            valueName: "n"))
    var ef: Int?

    @Flag(help: "Compare with every vector instead of using the index.")
    var exact = false

    @OptionGroup var selection: FilterArguments

    @Option(
        help: ArgumentHelp(
            "Rerank the first n hits by log p(document | query). Slow, and with the built-in model "
                + "worse on most collections; evaluate it with 'vdb eval retrieval'.",
            valueName: "n"))
    var rerank: Int?

    @Flag(help: "Show the time of each phase and what was compared.")
    var explain = false

    @Option(help: "The output format.")
    var format = Format.table

    @Option(help: ArgumentHelp("A query vector as a JSON array.", valueName: "json"))
    var vector: String?

    @Option(help: ArgumentHelp("The name of the run in TREC output.", valueName: "name"))
    var runName = "vdb"

    @Flag(
        name: .customLong("escape-ids"),
        help: "In TREC output, percent-encode white space in ids.")
    var escapeIDs = false

    @OptionGroup var model: ModelArguments
    @OptionGroup var prompts: PromptArguments
    @OptionGroup var arguments: DatabaseArguments
    @OptionGroup var general: GeneralArguments

    func validate() throws {
        try requirePositive(limit, "-k")
        try requirePositive(ef, "--ef")
        try requirePositive(rerank, "--rerank")
        if text == nil, queries == nil, vector == nil {
            throw ValidationError(
                "there is no query; pass a text (after -- if it begins with -), --queries or --vector"
            )
        }
        if queries != nil, text != nil || vector != nil {
            throw ValidationError("--queries cannot be used with a text or --vector")
        }
        if vector != nil, mode == .lexical || (mode == .hybrid && text == nil) {
            throw ValidationError("--vector without a text needs --mode dense")
        }
        if runName.contains(where: \.isWhitespace) || runName.isEmpty {
            throw ValidationError("--run-name must be one word")
        }
    }

    func run() async throws {
        let prototype = try prototype()
        let printer = AnswerPrinter(
            format: format, explains: explain, runName: runName, escapesIDs: escapeIDs)
        let database = try arguments.open(
            .readOnly, threads: general.threads,
            models: try model.finder(threads: general.threads, prompts: prompts))
        defer { try? database.close() }
        let collection = database.collection(arguments.collection)
        guard let queries else {
            let answer = try await collection.query(prototype)
            try printer.print(answer, id: nil)
            tell(answer, collection)
            if answer.hits.isEmpty {
                FilterArguments.tellUnknownFields(
                    of: prototype.filter, in: collection, general)
            }
            return
        }
        try await QueryFile(path: queries).answer(
            like: prototype, in: collection, isQuiet: general.quiet, printer: printer)
    }

    /// Messages about facts that the hits do not show.
    private func tell(_ answer: Answer, _ collection: DocumentCollection) {
        if mode == nil, vector == nil, answer.mode == .lexical,
            let statistics = try? collection.statistics(includesBytes: false),
            statistics.dimensions > 0, statistics.model == nil
        {
            general.say(
                "vdb: searched by words only: the collection's vectors were ready-made, so no model "
                    + "can encode the query; pass --vector")
        }
        if answer.mode == .hybrid, !answer.hits.isEmpty, format == .table,
            answer.hits.allSatisfy({ $0.parts?.lexical == 0 })
        {
            general.say(
                "vdb: no document has a word of the query; these are the nearest in meaning")
        }
        if answer.hits.isEmpty, format == .table { general.say("vdb: nothing found") }
    }

    /// The query without, if there are many, its text.
    private func prototype() throws -> Query {
        var query = Query(text ?? "", limit: limit, mode: mode, ef: ef, isExact: exact)
        query.filter = try selection.parsed()
        query.rerankDepth = rerank
        query.fusion = fusion.fusion
        query.fetchesContent = format != .trec
        if let vector {
            query.vector = try Self.numbers(vector)
            if text == nil { query.mode = .dense }
        }
        return query
    }

    private static func numbers(_ json: String) throws -> [Float] {
        if let values = (try? JSONValue(parsing: json))?.arrayValue {
            let numbers = values.compactMap { $0.doubleValue.map { Float($0) } }
            if numbers.count == values.count, numbers.allSatisfy(\.isFinite), !numbers.isEmpty {
                return numbers
            }
        }
        throw ValidationError("--vector must be a JSON array of numbers, such as [0.1, -0.2]")
    }
}

extension QueryMode: ExpressibleByArgument {}
