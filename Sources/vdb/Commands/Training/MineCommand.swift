import ArgumentParser
import Evaluation
import FileFormat
import Foundation
import JSON
import Training
import Tuning
import VectorDatabase

/// `vdb mine`: mines training triples from the database's own ranking.
struct MineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mine",
        abstract: "Mine hard negatives for judged queries.",
        discussion: """
            Ranks the collection for every judged query, removes its known positives, and draws \
            negatives between two ranks:

              vdb mine --queries queries.jsonl --qrels qrels.tsv --out triples.jsonl

            OUT.json records the settings and inputs of the mining.
            """)

    @OptionGroup var arguments: DatabaseArguments
    @OptionGroup var reader: ReaderArguments
    @OptionGroup var general: GeneralArguments
    @OptionGroup var model: ModelArguments
    @OptionGroup var prompts: PromptArguments

    @Option(
        help: ArgumentHelp(
            "The queries: id<TAB>text, or JSON Lines with _id and text.", valueName: "file"),
        completion: .file())
    var queries: String
    @Option(
        help: ArgumentHelp("The judgments, in TREC or BEIR form.", valueName: "file"),
        completion: .file())
    var qrels: String
    @Option(help: "The first rank that negatives are drawn from, positives not counted.")
    var fromRank = 30
    @Option(help: "The last rank that negatives are drawn from.") var toRank = 210
    @Option(help: "Negatives drawn for each query.") var negatives = 7
    @Option(help: "Seed of the draw.") var seed: UInt64 = 0
    @Flag(help: "Compare with every vector instead of using the index.") var exact = false
    @Option(
        help: "Drop candidates above this share of the best positive's score (default: drop none).")
    var maxScoreRatio: Double?
    @Option(help: ArgumentHelp("The file to write.", valueName: "file"), completion: .file())
    var out = "triples.jsonl"

    func run() async throws {
        var options = MiningOptions()
        options.fromRank = fromRank
        options.toRank = toRank
        options.negatives = negatives
        options.seed = seed
        options.isExact = exact
        options.maximumScoreRatio = maxScoreRatio
        let judgments = try Judgments(contentsOf: URL(filePath: qrels))
        var texts: [(id: String, text: String)] = []
        for try await document in try DocumentReader([queries]) {
            texts.append((document.id, document.embeddedText))
        }
        let database = try arguments.open(
            reader, threads: general.threads,
            models: model.finder(threads: general.threads, prompts: prompts))
        defer { try? database.close() }
        let collection = database.collection(arguments.collection)
        let bar = ProgressLine(unit: "queries", isQuiet: general.quiet)
        let rows = try await Miner(collection: collection, options: options).mine(
            texts, judgments: judgments
        ) { bar.update(done: $0, total: $1) }
        bar.clear()
        guard !rows.isEmpty else {
            throw CommandFailure(
                .badData, "\(qrels): no query of \(queries) has a positive in the collection")
        }
        try TextFile.write(rows.map(\.json).joined(separator: "\n") + "\n", to: out)
        let copies = rows.reduce(0) { $0 + $1.copies }
        try TextFile.write(
            try record(options, database, collection, copies: copies), to: out + ".json")
        let short = rows.filter { $0.negatives.count < negatives }.count
        let positive = judgments.queries.count { judgments[$0].contains { $0.value > 0 } }
        let left = positive - rows.count
        general.say(
            "\(rows.count) queries with \(rows.reduce(0) { $0 + $1.negatives.count }) negatives "
                + "in \(out)" + (short > 0 ? "; \(short) have fewer than \(negatives)" : "")
                + (copies > 0
                    ? "; \(copies) \(copies == 1 ? "candidate" : "candidates") skipped, with a "
                        + "positive's text" : "")
                + (left > 0
                    ? "; \(left) judged \(left == 1 ? "query" : "queries") left out, without a text "
                        + "or a positive in the collection" : ""))
    }

    /// A record of everything that the triples depend on, with which they can be mined again.
    private func record(
        _ options: MiningOptions, _ database: Database, _ collection: DocumentCollection,
        copies: Int
    ) throws -> String {
        let statistics = try collection.statistics(includesBytes: false)
        var line = JSONWriter()
        line.set("database", arguments.path)
        line.set("database_identity", database.identity)
        line.set("collection", arguments.collection)
        line.set("documents", statistics.documents)
        line.set("model", statistics.model?.fingerprint)
        line.set("queries", queries)
        line.set("queries_hash", try hash(queries))
        line.set("qrels", qrels)
        line.set("qrels_hash", try hash(qrels))
        line.set("seed", JSONValue(options.seed))
        line.set("from_rank", options.fromRank)
        line.set("to_rank", options.toRank)
        line.set("negatives", options.negatives)
        line.set("exact", .bool(options.isExact))
        line.set("max_score_ratio", options.maximumScoreRatio.map { .number($0) } ?? .null)
        line.set("equal_texts", copies)
        return line.text + "\n"
    }

    /// A hash of a file's content.
    private func hash(_ path: String) throws -> String? {
        guard path != "-" else { return nil }
        let file = try MappedFile(path: path)
        return withExtendedLifetime(file) { ContentHash(of: file.bytes).hexadecimal }
    }
}
