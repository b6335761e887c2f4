import ArgumentParser
import AutoRegEmbed
import Evaluation
import Foundation
import VectorDatabase

/// `vdb eval retrieval`: evaluates a model's retrieval on a judged collection.
struct EvalRetrievalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retrieval",
        abstract: "Evaluate retrieval on a judged collection.",
        discussion: """
            DIR is a BEIR folder (corpus.jsonl, queries.jsonl, qrels/SPLIT.tsv) or MS MARCO's \
            (collection.tsv, queries.SPLIT.tsv, qrels.SPLIT.tsv). Documents are encoded once into \
            a database: --db or $VDB_DB if given, else one under $XDG_CACHE_HOME/vdb/eval, which \
            later runs of the same model on the same documents reuse. If it is interrupted, the \
            same command resumes where it stopped.

            Example: vdb eval retrieval beir/nfcorpus --mode hybrid --run nfcorpus.run
            """)

    @Argument(help: "The collection's folder.", completion: .directory)
    var dir: String

    @Option(help: "The split with the judgments (default: test; dev for MS MARCO).")
    var split: String?

    @Option(help: "Search mode: dense, lexical (encodes nothing) or hybrid.")
    var mode: QueryMode = .dense

    @OptionGroup var fusion: FusionArguments

    @Flag(help: "Compare with every vector instead of using the index.")
    var exact = false

    @OptionGroup var reranking: RerankArguments

    @Option(
        name: .customLong("run"), help: .init("Also write a TREC run.", valueName: "file"),
        completion: .file())
    var runFile: String?

    @Flag(
        name: .customLong("escape-ids"),
        help: "Percent-encode white space in the run's ids.")
    var escapeIDs = false

    @Flag(help: "Print the measures of every query as well.")
    var perQuery = false

    @Option(help: "The output format: table, json or markdown.")
    var format: EvalFormat = .table

    @OptionGroup var model: EvalModelArguments
    @OptionGroup var arguments: DatabaseArguments
    @OptionGroup var general: GeneralArguments

    func run() async throws {
        let collection = try TestCollection(folder: URL(filePath: dir), split: split)
        Interruption.finishesCleanly()
        // Lexical search encodes nothing, unless the model reranks its hits.
        let needsModel =
            mode != .lexical || reranking.rerank != nil && reranking.rerankModel == nil
        let models = try model.finder(threads: general.threads)
        // A cache is named by its model; a database that the user names may record its own.
        let mayRecord = arguments.isGiven && models.given == nil
        var embedder: (any Embedder)? = needsModel && !mayRecord ? try models.load() : nil
        try check(embedder)
        let cache = EvalCache(
            collection: collection, fingerprint: embedder?.identity.fingerprint,
            given: arguments.isGiven ? arguments.location : nil)
        var options = DatabaseOptions()
        options.embedder = embedder
        options.threads = general.threads
        // New documents in a collection with vectors need its model, even in lexical mode.
        if embedder == nil { options.findEmbedder = models.find }
        let database = try cache.location().open(options)
        defer { try? database.close() }
        let documents = database.collection(arguments.collection)
        if needsModel, embedder == nil {
            let records = try documents.exists && documents.recordedEmbedder != nil
            embedder = records ? try documents.embedder : try models.load()
            try check(embedder)
        }
        try await fill(documents, from: collection, cache: cache, embedder: embedder)

        var name = "\(embedder?.identity.name ?? "bm25")-\(mode.rawValue)"
        if let depth = reranking.depth { name += "-rerank\(depth)" }
        let experiment = RetrievalExperiment(
            collection.queries.map { .init(id: $0.id, text: $0.text) }, mode: mode,
            isExact: exact, rerankDepth: reranking.depth,
            questionScorer: try reranking.questionScorer(threads: general.threads),
            fusion: fusion.fusion, name: name)
        let bar = ProgressLine(unit: "queries", isQuiet: general.quiet)
        let run = try await experiment.run(in: documents) {
            bar.update(done: $0, total: collection.queries.count)
        }
        bar.clear()
        if let runFile { try write(run, to: runFile) }
        if !collection.queriesWithoutText.isEmpty {
            let count = collection.queriesWithoutText.count
            general.say(
                "\(count) judged \(count == 1 ? "query has" : "queries have") no text and "
                    + "\(count == 1 ? "counts" : "count") as 0")
        }
        var labels = [
            ("dataset", collection.name), ("split", collection.split), ("mode", mode.rawValue),
        ]
        if let depth = reranking.depth { labels.append(("rerank", "\(depth)")) }
        if let model = reranking.rerankModel { labels.append(("rerank_model", model)) }
        if let embedder {
            labels.append(("model", embedder.identity.name))
            labels += model.labels
        }
        let measurements = Measurements(of: run, against: collection.judgments)
        EvalReport.warn(
            of: measurements, run: name, judgments: "\(dir), split \(collection.split),")
        let report = EvalReport(
            labels: labels.map { (key: $0.0, value: $0.1) }, measurements: measurements,
            perQuery: perQuery)
        Output.line(try report.text(format))
    }

    /// Refuses what the model cannot do before documents are encoded for queries that would fail.
    private func check(_ embedder: (any Embedder)?) throws {
        if let embedder { _ = try fusion.fusion.tokenVectors(of: embedder, in: mode) }
    }

    /// Ingests the documents. Existing ones are recognized and not encoded again; after a complete
    /// earlier run the corpus is not even read.
    private func fill(
        _ documents: DocumentCollection, from collection: TestCollection, cache: EvalCache,
        embedder: (any Embedder)?
    ) async throws {
        if cache.isComplete { return }
        var source = SourceOptions()
        source.format = collection.layout == .beir ? .jsonLines : .tsv
        let reader = try DocumentReader(
            [collection.corpus.path(percentEncoded: false)], options: source)
        var ingest = IngestOptions()
        let recorded = try? documents.statistics(includesBytes: false).dimensions
        ingest.encodesText = embedder != nil || recorded ?? 0 > 0
        let bar = ProgressLine(unit: "documents", isQuiet: general.quiet)
        let summary = try await documents.ingest(reader, options: ingest) { progress in
            bar.update(done: progress.stored.documents, total: nil)
        }
        bar.clear()
        if let embedder, mode != .lexical {
            try await encode(documents, with: embedder)
        }
        try cache.markComplete(documents: summary.documents)
        general.say("\(summary.documents) documents in \(cache.shownPath)")
    }

    /// Encodes documents that were ingested for lexical search only.
    private func encode(
        _ documents: DocumentCollection, with embedder: any Embedder
    ) async throws {
        guard try documents.statistics(includesBytes: false).dimensions == 0 else { return }
        let bar = ProgressLine(unit: "passages", isQuiet: general.quiet)
        defer { bar.clear() }
        try await documents.reindex(with: embedder) { progress in
            bar.update(done: progress.done, total: progress.total, note: nil)
        }
    }

    private func write(_ run: Evaluation.Run, to path: String) throws {
        if !escapeIDs, let id = run.unwritableID { throw CommandFailure.unwritableID(id) }
        do {
            try Data().write(to: URL(filePath: path))
            let file = try FileHandle(forWritingTo: URL(filePath: path))
            for query in run.hits.keys.sorted() {
                try file.write(contentsOf: Data(run.lines(of: query, escapesIDs: escapeIDs).utf8))
            }
            try file.close()
        } catch {
            throw CommandFailure(.cannotCreate, "\(path): \(error.localizedDescription)")
        }
    }
}

extension DatabaseArguments {
    /// Whether the user named a database, by option or environment.
    var isGiven: Bool {
        file.given != nil || Environment.value(of: "VDB_DB") != nil
    }
}
