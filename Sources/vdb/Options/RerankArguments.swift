import ArgumentParser
import VectorDatabase

/// How the first hits are ranked again.
struct RerankArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            Rerank the first n hits, with --rerank-model by log p(question | passage), else by \
            log p(document | query) of the model that encodes, which with the built-in one is worse \
            on most collections.
            """, valueName: "n"))
    var rerank: Int?

    @Option(
        help: ArgumentHelp(
            """
            Rerank the first hits (--rerank, else 20) by how likely this language model finds the \
            question after reading the passage. Takes seconds a query.
            """, valueName: "model"), completion: .file())
    var rerankModel: String?

    var depth: Int? { rerank ?? rerankModel.map { _ in Query.usualRerankDepth } }

    func validate() throws { try requirePositive(rerank, "--rerank") }

    /// The model of `--rerank-model`.
    func questionScorer(threads: Int?) throws -> (any QuestionScorer)? {
        try rerankModel.map { try Self.questionScorer($0, threads: threads) }
    }

    /// The language model of that path or name.
    static func questionScorer(_ model: String, threads: Int?) throws -> any QuestionScorer {
        var finder = ModelFinder()
        finder.options.threads = threads
        finder.given = try ModelFinder.load(
            model, finder.options, isForVectors: false)
        return try finder.loadLanguageModel(for: "reranking")
    }
}
