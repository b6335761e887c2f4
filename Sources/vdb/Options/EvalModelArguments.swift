import ArgumentParser
import AutoRegEmbed
import DefaultModel
import Foundation

/// The model to evaluate, and how its states become a vector: the papers' baselines are the raw
/// model with another pooling or prompt.
struct EvalModelArguments: ParsableArguments {
    /// Prompts of methods without training.
    enum Prompt: String, ExpressibleByArgument, CaseIterable {
        /// PromptEOL (Jiang et al. 2023): the last token of a sentence that asks for one word.
        case prompteol
        /// Echo embeddings (Springer et al. 2024): the text is repeated, and the mean is taken over
        /// the second occurrence, which attends to all of the first.
        case echo

        var template: String {
            switch self {
            case .prompteol: "{bos}This sentence : \"{text}\" means in one word:\""
            case .echo: "{bos}Rewrite the sentence: {text}, rewritten sentence: {text}"
            }
        }

        var pooling: Pooling { self == .echo ? .mean : .last }
    }

    @OptionGroup var model: ModelArguments
    @OptionGroup var prompts: PromptArguments

    @Option(help: "A prompt instead of the folder's template: prompteol or echo (default: none).")
    var prompt: Prompt?

    func validate() throws {
        if let prompt, model.pooling == .compressed {
            throw ValidationError("--prompt \(prompt.rawValue) has no compressed tokens to pool")
        }
    }

    /// The labels of a report about the model, in addition to its name.
    var labels: [(String, String)] {
        [("pooling", model.pooling?.rawValue), ("prompt", prompt?.rawValue)]
            .compactMap { name, value in value.map { (name, $0) } }
    }

    /// Loads the given model, else the built-in one.
    func load(threads: Int?) throws -> any ModelEmbedder { try finder(threads: threads).load() }

    /// Finds the model that a database records, unless one is given, which is loaded now.
    func finder(threads: Int?) throws -> ModelFinder {
        var options = model.options(threads: threads, prompts: prompts)
        options.pooling = options.pooling ?? prompt?.pooling
        options.template = prompt?.template
        var finder = ModelFinder(options: options)
        finder.given = try model.model.map { try ModelFinder.load($0, options) }
        return finder
    }
}
