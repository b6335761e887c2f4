import Foundation
import TextBytes
import Tokenization
import Transformer

/// An answer that the language model wrote.
package struct Answer: Sendable, Equatable {
    /// Without special tokens, and without white space at both ends.
    package var text: String
    /// The number of generated tokens, the one that ended the answer not counted.
    package var tokenCount: Int
    /// Whether the model ended the answer, and not the most tokens.
    package var isFinished: Bool
}

/// Asks a model's frozen decoder D questions: LLM2Vec-Gen's data (BehnamGhader et al. 2026) are what
/// the language model itself answers.
///
/// Greedy, so that the same questions give the same answers, whatever the number of threads and of
/// answers written at once.
package struct AnswerGenerator: Sendable {
    package struct Options: Sendable {
        /// The most tokens of an answer, 1 or more.
        package var maximumTokens = 500
        /// The most tokens of the part of a prompt that has the query.
        package var maximumLength = 1024
        /// What precedes each query, such as `next` of the model's instructions.
        package var instruction = Instruction.none
        /// How the model is asked; nil means the model's own chat format.
        package var chat: ChatFormat?
        /// The most answers written at once by each thread.
        package var batchSize = 32

        package init() {}
    }

    /// Where the chat format comes from.
    package enum ChatSource: Sendable, Equatable {
        case options
        /// `chat` in autoregembed.json.
        case settings
        /// The model's `chat_template`.
        case template
        /// The model has no chat template.
        case none
        /// The model has one, of a form that is not known.
        case unknownTemplate
    }

    /// How the model is asked.
    package let chat: ChatFormat
    package let chatSource: ChatSource
    /// The instruction's text; nil if there is none.
    package let instruction: String?

    private let decoder: LanguageModel
    private let tokenizer: Tokenizer
    private let threads: Int
    private let prompt: ChatPrompt
    private let generation: GenerationOptions

    /// - Throws: ``AutoRegEmbedError`` if the decoder or the chat template cannot be read.
    package init(_ embedder: AutoRegEmbedder, options: Options) throws(AutoRegEmbedError) {
        (chat, chatSource) = try Self.chat(embedder, options)
        instruction = embedder.settings.text(of: options.instruction, task: .retrieval)
        decoder = try embedder.decoder
        (tokenizer, threads) = (embedder.tokenizer, embedder.threads)
        prompt = ChatPrompt(
            chat, tokenizer: tokenizer, instruction: instruction ?? "",
            maximumLength: options.maximumLength)
        var generation = GenerationOptions(
            maximumTokens: options.maximumTokens,
            stopping: embedder.endOfText(of: decoder).union(
                [prompt.endOfTurn, embedder.parts.endOfTurn].compactMap(\.self)))
        generation.batchSize = options.batchSize
        generation.sharedPrefix = prompt.fixedPrefix
        self.generation = generation
    }

    private static func chat(
        _ embedder: AutoRegEmbedder, _ options: Options
    ) throws(AutoRegEmbedError) -> (ChatFormat, ChatSource) {
        if let chat = options.chat { return (chat, .options) }
        if let chat = embedder.settings.chat { return (chat, .settings) }
        guard let template = try embedder.parts.chatTemplate() else { return (.plain, .none) }
        guard let chat = ChatTemplate(template).format else { return (.plain, .unknownTemplate) }
        return (chat, .template)
    }

    /// Answers `queries`.
    ///
    /// - Parameters:
    ///   - isCancelled: asked before each token; returning true throws `CancellationError`.
    ///   - advance: receives the number of tokens generated since the last call, from any thread.
    ///   - deliver: receives each query's index and answer when it is written, in any order and from
    ///     any thread.
    /// - Throws: ``AutoRegEmbedError``; `CancellationError`.
    package func answer(
        _ queries: [String], isCancelled: @escaping @Sendable () -> Bool = { false },
        advance: @escaping @Sendable (Int) -> Void = { _ in },
        deliver: @escaping @Sendable (Int, Answer) -> Void
    ) throws {
        do {
            try decoder.generate(
                count: queries.count, options: generation, threads: threads,
                isCancelled: isCancelled,
                prompt: { SequenceInput(tokens: prompt.tokens(for: queries[$0])) },
                advance: advance
            ) { index, generated in
                let text = tokenizer.decode(generated.tokens, skippingSpecialTokens: true)
                deliver(
                    index,
                    Answer(
                        text: text.trimmingWhiteSpace(), tokenCount: generated.tokens.count,
                        isFinished: generated.isFinished))
            }
        } catch ModelError.cancelled {
            throw CancellationError()
        } catch { throw AutoRegEmbedError.model(error) }
    }
}
