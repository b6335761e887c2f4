import ArgumentParser
import AutoRegEmbed
import DefaultModel
import Foundation

/// Which model is measured, and how its states become a vector: the papers' baselines are the raw
/// model with another pooling or prompt.
struct EvalModelArguments: ParsableArguments {
    /// Prompts that need no training.
    enum Prompt: String, ExpressibleByArgument, CaseIterable {
        /// Jiang et al. (2023): the last token of a sentence that asks for one word.
        case prompteol
        /// Springer et al. (2024): the text twice, the mean over its second reading, which has
        /// seen the whole of the first.
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

    @Option(help: "A prompt in place of the folder's template: prompteol or echo.")
    var prompt: Prompt?

    func validate() throws {
        if let prompt, model.pooling == .compressed {
            throw ValidationError("--prompt \(prompt.rawValue) has no compressed tokens to pool")
        }
    }

    /// What a report says of the model beside its name.
    var labels: [(String, String)] {
        [("pooling", model.pooling?.rawValue), ("prompt", prompt?.rawValue)]
            .compactMap { name, value in value.map { (name, $0) } }
    }

    /// The model's folder, else the one that the program carries.
    func load(threads: Int?) throws -> any ModelEmbedder {
        var options = AutoRegEmbedder.Options()
        options.threads = threads
        options.base = model.base.map { URL(fileURLWithPath: $0) }
        options.precision = model.precision
        options.pooling = model.pooling ?? prompt?.pooling
        options.instructions = prompts.instructions
        options.template = prompt?.template
        guard let folder = model.model else { return try DefaultModel.embedder(options: options) }
        return try ModelFinder.load(folder, options)
    }
}
