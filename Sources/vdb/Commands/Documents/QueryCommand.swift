import ArgumentParser
import DefaultModel
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
            autoregembed.json, else 0.4 (ranks: 0.35). If the model has a "token_weight" (the built-in one: \
            0.3), the first 50 get that times how well their tokens match the query's, where tokens that \
            are alike match in part; --token-weight changes it, 0 leaves it out. With --token-weight, dense \
            mode does so, too: the inner product divided by the best hit's is added. --explain shows all parts.

            --where compares metadata, id and title with =, !=, <, <=, >, >=, IN, BETWEEN, LIKE, ILIKE, \
            CONTAINS, IS NULL, AND, OR, NOT and parentheses; see 'vdb help filters'. As in SQL, comparing a \
            missing field is neither true nor false, and so is its negation: year != 2020, NOT year = 2020 \
            and year NOT IN (2020) find only documents that have a year.

            Documents of the same text are one hit, which names the others; --duplicates and TREC output \
            have all of them.

            A hit in JSON has rank, id, score, title, text (its best passage), metadata, duplicates (ids), \
            highlights and snippet: pairs of places in the text, in code points, of the query's words and \
            of the part that a table shows; offset, the code points of the document before the text, and \
            line, that of the snippet, else of the text, both in the document as 'vdb get' shows it.
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable { case table, json, trec }

    /// The part of a passage that is shown.
    enum Snippet: String, ExpressibleByArgument, CaseIterable { case words, nearest }

    @Argument(
        help: ArgumentHelp(
            "The query; several words need no quotes. - reads it from standard input.",
            valueName: "text"))
    var words: [String] = []

    private var text: String? { words.isEmpty ? nil : words.joined(separator: " ") }

    @Option(
        help: ArgumentHelp(
            "A file of queries, TSV (id, text) or JSONL; - for standard input.", valueName: "file"),
        completion: .file())
    var queries: String?

    @Option(
        name: .customShort("k", allowingJoined: true),
        help: ArgumentHelp("The most hits returned.", valueName: "n"))
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

    @OptionGroup var reranking: RerankArguments

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Only hits of at least this score, which depends on the mode.", valueName: "x"))
    var minScore: Double?

    @Flag(help: "Show documents of the same text each by itself.")
    var duplicates = false

    @Option(
        help: ArgumentHelp(
            """
            The part of a long passage that is shown: that with the query's words, or for hits by \
            vector the sentence nearest to the query, which takes some time (default: nearest on a \
            terminal, if the model is fast, else words).
            """, valueName: "part"))
    var snippet: Snippet?

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
    @OptionGroup var reader: ReaderArguments
    @OptionGroup var general: GeneralArguments

    func validate() throws {
        try requirePositive(limit, "-k")
        try requirePositive(ef, "--ef")
        if let minScore, !minScore.isFinite {
            throw ValidationError("--min-score must be a number, not \(minScore)")
        }
        if snippet == .nearest, queries != nil || format == .trec {
            throw ValidationError("--snippet nearest needs a single query, and not TREC output")
        }
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
        var prototype = try prototype()
        if words == ["-"] { prototype.text = try await Self.standardInput() }
        let printer = AnswerPrinter(
            format: format, explains: explain, runName: runName, escapesIDs: escapeIDs)
        let database = try arguments.open(
            reader, threads: general.threads,
            models: try model.finder(threads: general.threads, prompts: prompts))
        defer { try? database.close() }
        let collection = database.collection(arguments.collection)
        tellIfRerankingDoesNotHelp(in: collection)
        guard let queries else {
            let answer = try await collection.query(prototype)
            try printer.print(
                answer, id: nil, details: try await details(of: answer, printer, collection))
            tell(answer, printer, collection)
            if answer.hits.isEmpty {
                FilterArguments.tellUnknownFields(
                    of: prototype.filter, in: collection, general)
            }
            return
        }
        try await QueryFile(path: queries).answer(
            like: prototype, in: collection, isQuiet: general.quiet, printer: printer)
    }

    /// The lines of standard input as one query.
    private static func standardInput() async throws -> String {
        var lines: [String] = []
        for try await batch in TextInput(["-"]) { lines += batch }
        guard lines.contains(where: { $0.contains { !$0.isWhitespace } }) else {
            throw CommandFailure(.usage, "standard input has no query; pass a text")
        }
        return lines.joined(separator: "\n")
    }

    /// The built-in model is too small to tell how likely a document is after a query.
    private func tellIfRerankingDoesNotHelp(in collection: DocumentCollection) {
        guard reranking.rerank != nil, reranking.rerankModel == nil,
            let model = try? collection.statistics(includesBytes: false).model,
            model.name == DefaultModel.name
        else { return }
        general.say(
            "vdb: --rerank with the built-in model makes most rankings worse; a language model helps, "
                + "such as --rerank-model smollm2-135m")
    }

    /// Messages about facts that the hits do not show.
    private func tell(
        _ answer: Answer, _ printer: AnswerPrinter, _ collection: DocumentCollection
    ) {
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
        if answer.hits.isEmpty, format == .table {
            let best = answer.explanation.bestScoreLeftOut.map {
                " with a score of at least \(Figures.short(minScore ?? 0)); the best has "
                    + printer.score($0, mode: answer.mode)
            }
            general.say("vdb: nothing found" + (best ?? ""))
        }
    }

    /// What is shown of the hits beyond the answer.
    private func details(
        of answer: Answer, _ printer: AnswerPrinter, _ collection: DocumentCollection
    ) async throws -> HitDetails {
        var details = try printer.details(of: answer, in: collection)
        switch snippet {
        case .words: break
        case .nearest:
            details.sentences = try await collection.nearestSentences(
                to: answer, in: printer.hitsWithoutPlace(answer))
        case nil where format == .table && Output.isTerminal:
            // The beginning of the passage will do if that fails.
            details.sentences =
                (try? await collection.nearestSentences(
                    to: answer, in: printer.hitsWithoutPlace(answer), within: Self.patience)) ?? [:]
        case nil: break
        }
        return details
    }

    /// How long an answer on a terminal may wait for its snippets.
    private static let patience = Duration.milliseconds(200)

    /// The query without, if there are many, its text.
    private func prototype() throws -> Query {
        var query = Query(text ?? "", limit: limit, mode: mode, ef: ef, isExact: exact)
        query.filter = try selection.parsed()
        query.rerankDepth = reranking.depth
        query.questionScorer = try reranking.questionScorer(threads: general.threads)
        query.fusion = fusion.fusion
        query.minimumScore = minScore
        query.explains = explain
        query.fetchesContent = format != .trec
        query.mergesDuplicates = !duplicates && format != .trec
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
