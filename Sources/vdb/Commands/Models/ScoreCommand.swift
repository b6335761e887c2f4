import ArgumentParser
import AutoRegEmbed
import JSON

/// `vdb score`: scores documents given a query.
struct ScoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "score",
        abstract: "Print the frozen decoder's log p(document | query).",
        discussion: """
            Example:
              vdb score "what is a wing?" "A wing makes lift." "Nothing at all."

            The natural logarithm, summed over the document's tokens and the end of text. Scores are \
            comparable only for the same query.
            """)

    @Argument(help: "The query.")
    var query: String

    @Argument(help: "Documents, or - for lines of standard input.")
    var documents: [String]

    @OptionGroup var model: ModelArguments
    @OptionGroup var general: GeneralArguments

    func run() async throws {
        let embedder = try model.finder(threads: general.threads)
            .loadLanguageModel(for: "scoring")
        for try await batch in TextInput(documents, batchSize: 64) {
            let scores = try embedder.score(query: query, documents: batch)
            for (document, score) in zip(batch, scores) {
                var line = JSONWriter()
                line.set("document", document)
                line.set("tokens", score.tokenCount)
                line.set("log_probability", .number(score.logProbability))
                line.print()
            }
            Output.flush()
        }
    }
}
