import AutoRegEmbed
import Embedding
import Foundation
import Synchronization
import Tensors
import Tokenization
import Transformer

/// Texts to vectors with an encoder of the BERT family (all-MiniLM, bge, e5, gte): its states, in which
/// every token has seen the whole text, pooled.
///
/// ```swift
/// let encoder = try EncoderEmbedder(folder: URL(fileURLWithPath: "models/all-MiniLM-L6-v2"))
/// let encoded = try encoder.encode(["a wing moves air down"], instruction: .self_)
/// ```
///
/// A sentence-transformers folder (`modules.json`) says how states are pooled, what follows and which
/// prompts are written before a text; of a plain Hugging Face folder the normalized mean of all states
/// is the vector. Any number of threads may use one embedder at once.
public final class EncoderEmbedder: Sendable {
    let folder: URL
    let model: EncoderModel
    let tokenizer: Tokenizer
    /// Nil for a plain folder, or if another pooling was asked for.
    let sentences: SentenceTransformerFolder?
    let pooling: Pooling
    /// Most ids of an input, special tokens and prompt included.
    let maximumLength: Int
    /// Prompts in place of the folder's: under `next` for queries, `self` for documents; nil for none.
    let prompts: [String: String?]
    /// What the user called the model.
    let source: String?
    /// Whether neither folder nor options name a pooling, so that it is the mean.
    public let usesMeanByDefault: Bool
    private let threads: Int
    private let savedFingerprint = Mutex<String?>(nil)

    /// - Parameters:
    ///   - folder: the model's folder.
    ///   - options: a pooling other than the folder's takes the place of all that `modules.json` says.
    ///     There is no `compressed`, no template and no base.
    /// - Throws: `AutoRegEmbedError`
    public init(
        folder: URL, options: AutoRegEmbedder.Options = AutoRegEmbedder.Options()
    ) throws(AutoRegEmbedError) {
        let folder = folder.standardizedFileURL
        self.folder = folder
        guard options.base == nil else { throw .baseWithoutAdapter(path: folder.path) }
        guard options.template == nil else {
            throw .settings(
                path: folder.path, key: "template", problem: "an encoder reads the text alone")
        }
        sentences = options.pooling == nil ? try SentenceTransformerFolder(folder: folder) : nil
        let home = sentences?.transformer.standardizedFileURL ?? Self.transformer(in: folder)
        for home in [folder, home] { try Self.refuseFilesOfLanguageModels(in: home) }

        do { model = try EncoderModel(folder: home, precision: options.precision) } catch {
            throw .model(error)
        }
        let (data, settings) = try ModelParts.tokenizerFiles(in: home)
        do { tokenizer = try Tokenizer(data: data, configuration: settings) } catch {
            throw .tokenizer(error)
        }
        usesMeanByDefault = sentences == nil && options.pooling == nil
        pooling = options.pooling ?? sentences?.pooling ?? .mean
        guard pooling != .compressed else {
            throw .settings(
                path: folder.path, key: "pooling",
                problem: "an encoder has no compressed tokens, only mean, cls and last")
        }
        try sentences?.checkFits(hiddenSize: model.configuration.hiddenSize, path: folder.path)

        let positions = model.configuration.maximumPositions
        let longest =
            options.maximumLength ?? sentences?.maximumLength ?? tokenizer.maximumLength
            ?? positions
        maximumLength = min(longest, positions)
        // What the tokenizer puts around a text is never left out.
        let around = tokenizer.encodeWithSpecialTokens("").count
        guard maximumLength > around else {
            throw .settings(
                path: folder.path, key: "max_seq_length",
                problem: "\(maximumLength) leaves no room beside \(around) special tokens")
        }
        source = options.source
        prompts = options.instructions
        threads = max(1, options.threads ?? ProcessInfo.processInfo.activeProcessorCount)
    }

    /// The vectors of `texts`, in their order. All cores are used if there is enough work, and a text's
    /// vector does not depend on the texts beside it.
    ///
    /// - Parameters:
    ///   - texts: the texts to encode, of any length and number.
    ///   - instruction: `next` takes the prompt of queries, `self_` that of documents, if there is one;
    ///     any other is itself the prompt.
    ///   - task: not used: prompts are the same for every task.
    ///   - isCancelled: asked between batches.
    /// - Throws: `AutoRegEmbedError`; `CancellationError` if `isCancelled` says so.
    public func encode(
        _ texts: [String], instruction: Instruction, task: EmbeddingTask = .retrieval,
        isCancelled: @Sendable () -> Bool = { false }
    ) throws -> [EncodedText] {
        let steps = sentences?.steps ?? [.normalize]
        return try pooled(texts, instruction: instruction, isCancelled: isCancelled).map {
            EncodedText(
                vector: steps.reduce($1) { $1.applied(to: $0) }, tokenCount: $0.tokens.count,
                isTruncated: $0.isTruncated)
        }
    }

    /// The texts' vectors before normalization.
    ///
    /// - Throws: as ``encode(_:instruction:task:isCancelled:)``.
    public func unnormalizedVectors(
        of texts: [String], instruction: Instruction, task: EmbeddingTask,
        isCancelled: @Sendable () -> Bool
    ) throws -> [[Float]] {
        try pooled(texts, instruction: instruction, isCancelled: isCancelled).map {
            sentences?.unnormalized($1) ?? $1
        }
    }

    /// Each text's input and pooled states.
    private func pooled(
        _ texts: [String], instruction: Instruction, isCancelled: @Sendable () -> Bool
    ) throws -> [(input: InputBuilder.Input, vector: [Float])] {
        let inputs = builder(instruction).inputs(texts, threads: threads)
        guard inputs.allSatisfy({ !$0.tokens.isEmpty }) else {
            throw AutoRegEmbedError.emptyInput
        }
        let reduction: EncoderModel.Reduction =
            switch pooling {
            case .mean, .compressed: .mean
            case .first: .first
            case .last: .last
            }
        do {
            let states = try model.states(
                of: inputs.map(\.tokens), reducedBy: reduction, threads: threads,
                isCancelled: isCancelled)
            return Array(zip(inputs, states))
        } catch ModelError.cancelled {
            throw CancellationError()
        } catch { throw AutoRegEmbedError.model(error) }
    }

    /// The ids that the model reads for a text: prompt, text and special tokens.
    public func inputTokens(
        _ text: String, instruction: Instruction, task: EmbeddingTask = .retrieval
    ) -> [Int32] {
        builder(instruction).input(text).tokens
    }

    func builder(_ instruction: Instruction) -> InputBuilder {
        InputBuilder(
            prompt: prompt(instruction), tokenizer: tokenizer, maximumLength: maximumLength)
    }

    /// What is written before a text.
    func prompt(_ instruction: Instruction) -> String {
        let own = { (key: String) in self.prompts[key].map { $0 ?? "" } }
        return switch instruction {
        case .next: own("next") ?? sentences?.prompts.text(for: .next) ?? ""
        case .self_: own("self") ?? sentences?.prompts.text(for: .self_) ?? ""
        case .none: ""
        case .custom(let text): text
        }
    }

    /// 32 hexadecimal digits over whatever changes a vector. The first use reads all weights.
    public var modelFingerprint: String {
        savedFingerprint.withLock { saved in
            let fingerprint = saved ?? makeFingerprint()
            saved = fingerprint
            return fingerprint
        }
    }

    /// Whether a folder, or the first module of a sentence-transformers folder, is an encoder's.
    static func isEncoder(_ folder: URL) -> Bool {
        ModelConfiguration.isEncoder(transformer(in: folder))
    }

    /// The folder of the first module, if there are modules and it is named; else the folder itself.
    private static func transformer(in folder: URL) -> URL {
        (try? SentenceTransformerFolder.transformer(in: folder)) ?? folder
    }

    /// Settings and adapters that would otherwise be passed over in silence.
    private static func refuseFilesOfLanguageModels(in folder: URL) throws(AutoRegEmbedError) {
        for name in ["autoregembed.json", "adapter_config.json"] {
            let file = folder.appendingPathComponent(name).path
            if FileManager.default.fileExists(atPath: file) {
                throw .settings(
                    path: file, key: "",
                    problem: "belongs to a decoder-only language model; an encoder does not read it"
                )
            }
        }
    }
}
