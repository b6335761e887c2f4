import ArgumentParser
import Foundation
import JSON
import VectorDatabase

/// `vdb query`: what is nearest to a text.
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

            Score: inner product (or what the collection's metric is) for dense, BM25 for lexical, \
            for hybrid the BM25 divided by the best hit's plus w times the inner product divided by \
            the best hit's; with --fusion ranks 1 / (60 + rank) among the words plus w times that \
            among the vectors. w is --hybrid-weight, else "hybrid_weight" in the model's \
            autoregembed.json, else 0.4 (ranks: 0.35). --explain shows both parts. \
            --where compares metadata: =, !=, <, <=, >, >=, IN, BETWEEN, LIKE, IS NULL, AND, OR, \
            NOT and parentheses. As in SQL, a comparison of a missing field is neither true nor \
            false, and neither is its NOT: year != 2020, NOT year = 2020 and year NOT IN (2020) \
            find documents that have a year. A field alone asks whether it is true, so NOT draft \
            finds documents without the field, too.
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable { case table, json, trec }

    @Argument(
        help: ArgumentHelp("What is asked; several words need no quotes.", valueName: "text"))
    var words: [String] = []

    private var text: String? { words.isEmpty ? nil : words.joined(separator: " ") }

    @Option(
        help: ArgumentHelp(
            "Many queries: TSV of id and text, or JSONL; - for standard input.", valueName: "file"),
        completion: .file())
    var queries: String?

    @Option(name: .customShort("k"), help: ArgumentHelp("Hits wanted.", valueName: "n"))
    var limit = 10

    @Option(help: "By vectors, by words, or both (default: hybrid where there is a model).")
    var mode: QueryMode?

    @OptionGroup var fusion: FusionArguments

    @Option(
        help: ArgumentHelp(
            "Candidates kept while walking the index; more finds more, slower.", valueName: "n"))
    var ef: Int?

    @Flag(help: "Compare with every vector instead of walking the index.")
    var exact = false

    @Option(
        name: .customLong("where"),
        help: ArgumentHelp("Only documents whose metadata match.", valueName: "expression"))
    var filter: String?

    @Option(
        help: ArgumentHelp(
            "Re-order the first n hits by log p(document | query); slow, and with the built-in model "
                + "worse on most collections: measure with 'vdb eval retrieval'.", valueName: "n"))
    var rerank: Int?

    @Flag(help: "Show where the time went and what was compared.")
    var explain = false

    @Option(help: "How hits are printed.")
    var format = Format.table

    @Option(help: ArgumentHelp("A vector to search by, as a JSON array.", valueName: "json"))
    var vector: String?

    @Option(help: ArgumentHelp("The name of the run in TREC output.", valueName: "name"))
    var runName = "vdb"

    @Flag(
        name: .customLong("escape-ids"),
        help: "In TREC output, write %20 for a space in ids, and the like.")
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
                "a text to search for is missing; give it (after -- if it begins with -), "
                    + "--queries or --vector")
        }
        if queries != nil, text != nil || vector != nil {
            throw ValidationError("--queries cannot be used with a text or --vector")
        }
        if vector != nil, mode == .lexical || (mode == .hybrid && text == nil) {
            throw ValidationError("--vector alone searches by vectors; use --mode dense")
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
            return
        }
        try await QueryFile(path: queries).answer(
            like: prototype, in: collection, isQuiet: general.quiet, printer: printer)
    }

    /// What a person would not see from the hits.
    private func tell(_ answer: Answer, _ collection: DocumentCollection) {
        if mode == nil, vector == nil, answer.mode == .lexical,
            let statistics = try? collection.statistics(includesBytes: false),
            statistics.dimensions > 0, statistics.model == nil
        {
            general.say(
                "vdb: searched by words only: the collection's vectors were ready-made, so no model "
                    + "can encode the query; pass --vector")
        }
        if answer.hits.isEmpty, format == .table { general.say("vdb: nothing found") }
    }

    /// The query with everything set but, for many, the text.
    private func prototype() throws -> Query {
        var query = Query(text ?? "", limit: limit, mode: mode, ef: ef, isExact: exact)
        query.filter = try filter.map { try Filter($0) }
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
