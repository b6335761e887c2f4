import Foundation
import Synchronization
import Tensors
import Tokenization
import Transformer

/// Texts to vectors with a decoder-only language model (Deng et al., EMNLP 2025): the model is asked
/// to compress a text, or what should follow it, into k tokens, and the mean of their last hidden
/// states, normalised, is the text's vector.
///
/// ```swift
/// let embedder = try AutoRegEmbedder(folder: URL(fileURLWithPath: "models/mine"))
/// let query = try embedder.encode(["what makes lift?"], instruction: .next)[0]
/// let passage = try embedder.encode(["A wing moves air down."], instruction: .self_)[0]
/// let score = zip(query.vector, passage.vector).reduce(0) { $0 + $1.0 * $1.1 }
/// ```
///
/// Any number of threads may use one embedder at once. Opening one reads a few small files; weights
/// are mapped and read when they are first needed.
public final class AutoRegEmbedder: Sendable {
    public struct Options: Sendable {
        /// In place of what the folder's `autoregembed.json` says.
        public var pooling: Pooling?
        /// nil: the checkpoint's own; float16 checkpoints compute in float32.
        public var precision: ComputePrecision?
        /// nil: as many as the process may use.
        public var threads: Int?
        /// The folder or GGUF file of an adapter's base model, where the adapter does not name it or it
        /// moved.
        public var base: URL?
        /// In place of the folder's template.
        public var template: String?
        /// In place of the folder's most ids of a text.
        public var maximumLength: Int?
        /// In place of the folder's instructions, for every task: under `next` for queries, under
        /// `self` for documents; nil for a text without one.
        public var instructions: [String: String?] = [:]

        public init() {}
    }

    /// The base model's and the adapter's files, the tokenizer and the settings.
    let parts: ModelParts
    package let tokenizer: Tokenizer
    /// E. Its weights are D's where there is no adapter.
    package let encoder: LanguageModel
    let settings: EmbedderSettings
    let compressedIDs: [Int32]
    /// What the options put in place of the folder's instructions.
    let instructionOverrides: [String: String?]
    /// Whether this is a language model that nobody has trained to embed: its tokenizer lacks the
    /// compressed tokens, and neither its folder nor the options name a pooling. The state at the
    /// last token is then the vector.
    public let isUntrained: Bool
    /// The folder that was given for an adapter's base; nil: the one that the adapter names.
    let base: URL?
    let threads: Int
    private let lazy = Mutex(Lazy())

    private struct Lazy {
        var fingerprint: String?
        var decoder: LanguageModel?
    }

    /// Loads a Hugging Face folder, a PEFT LoRA adapter's folder with its base, or a GGUF file.
    ///
    /// - Throws: ``AutoRegEmbedError``
    public convenience init(folder: URL, options: Options = Options()) throws {
        try self.init(
            parts: ModelParts(
                location: folder, base: options.base,
                // Another pooling or template asks for the language model by itself.
                readsModules: options.pooling == nil && options.template == nil), options: options)
    }

    /// Uses a model that the program carries; nothing of it is copied.
    ///
    /// - Throws: ``AutoRegEmbedError``
    public convenience init(resource: ModelResource, options: Options = Options()) throws {
        guard options.base == nil else {
            throw AutoRegEmbedError.baseWithoutAdapter(path: resource.name)
        }
        try self.init(parts: ModelParts(resource: resource), options: options)
    }

    /// A model folder's tokenizer; an adapter's that has none is its base's. No weights are read beside
    /// the adapter's.
    package static func tokenizer(folder: URL, base: URL? = nil) throws -> Tokenizer {
        let folder = folder.standardizedFileURL
        var home = folder
        if !ModelParts.isFile(folder), !ModelParts.hasTokenizer(folder),
            let adapter = try ModelParts.adapter(in: folder)
        {
            home = try ModelParts.base(of: folder, adapter: adapter, given: base)
        }
        if ModelParts.isFile(home) {
            do { return try Tokenizer(folder: home) } catch {
                throw AutoRegEmbedError.tokenizer(error)
            }
        }
        let (data, configuration) = try ModelParts.tokenizerFiles(in: home)
        do { return try Tokenizer(data: data, configuration: configuration) } catch {
            throw AutoRegEmbedError.tokenizer(error)
        }
    }

    private init(parts: ModelParts, options: Options) throws(AutoRegEmbedError) {
        var settings = parts.settings
        if let pooling = options.pooling { settings.pooling = pooling }
        for (key, text) in options.instructions {
            for task in EmbeddingTask.allCases {
                settings.instructions[task, default: [:]][key] = text
            }
        }
        instructionOverrides = options.instructions
        if let length = options.maximumLength { settings.maximumLength = max(1, length) }
        if let source = options.template {
            guard let template = InputTemplate(source) else {
                throw .settings(path: "options", key: "template", problem: "{text} is missing")
            }
            settings.template = template
        }
        self.parts = parts
        base = options.base
        threads = max(1, options.threads ?? ProcessInfo.processInfo.activeProcessorCount)
        do { tokenizer = try parts.makeTokenizer() } catch { throw .tokenizer(error) }
        if let sentences = parts.sentences, options.maximumLength == nil {
            settings.maximumLength =
                sentences.maximumLength
                ?? min(tokenizer.maximumLength ?? .max, parts.configuration.maximumPositions)
        }
        encoder = try parts.makeEncoder(
            precision: options.precision)
        try parts.sentences?.checkFits(
            hiddenSize: encoder.configuration.hiddenSize, path: parts.path)

        let isNamed = settings.namesPooling || options.pooling != nil
        let tokenizer = tokenizer
        isUntrained =
            !isNamed
            && settings.compressedTokens.allSatisfy { tokenizer.id(ofToken: $0) == nil }
        if isUntrained { settings.pooling = .last }
        self.settings = settings
        var ids: [Int32] = []
        if settings.pooling == .compressed {
            for token in settings.compressedTokens {
                guard let id = tokenizer.id(ofToken: token) else {
                    throw .missingToken(path: parts.path, token: token)
                }
                ids.append(id)
            }
            if let greatest = ids.max(), Int(greatest) >= encoder.vocabularySize {
                throw .vocabularyTooSmall(
                    path: parts.path, tokenizer: tokenizer.vocabularySize,
                    model: encoder.vocabularySize)
            }
        }
        compressedIDs = ids
    }

    /// What matrix products multiply in.
    public var precision: ComputePrecision { encoder.precision }

    /// How products are computed: `float32`, `bfloat16`, or `int8` with quantised weights as they lie,
    /// which is what no precision asked for gives them. Vectors of one do not belong beside another's.
    public var arithmetic: String {
        encoder.multipliesBlocks ? "int8" : encoder.precision.rawValue
    }

    /// The number of a vector's elements.
    public var dimensions: Int {
        sentences?.dimensions ?? encoder.configuration.hiddenSize
    }

    /// What a sentence-transformers folder says of inputs and pooling.
    var sentences: SentenceTransformerFolder? { parts.sentences }

    /// What is written before a text where ``sentences`` says it, or the options in its place.
    func prompt(_ instruction: Instruction, _ prompts: SentencePrompts) -> String {
        switch instruction {
        case .next: instructionOverrides["next"].map { $0 ?? "" } ?? prompts.text(for: .next)
        case .self_: instructionOverrides["self"].map { $0 ?? "" } ?? prompts.text(for: .self_)
        case .none, .custom: prompts.text(for: instruction)
        }
    }

    /// How much a rank by this model should count in hybrid search, where a lexical one counts 1, as
    /// `hybrid_weight` in its `autoregembed.json` says; nil where that says nothing.
    public var hybridWeight: Double? { settings.hybridWeight }

    /// 32 hexadecimal digits over weights, tokenizer, template, instructions, compressed tokens,
    /// pooling, normalization, maximum length and precision. The first use reads all weights.
    var fingerprint: String {
        lazy.withLock { lazy in
            if let fingerprint = lazy.fingerprint { return fingerprint }
            let fingerprint = makeFingerprint()
            lazy.fingerprint = fingerprint
            return fingerprint
        }
    }

    /// D, the frozen decoder: the folder that the settings name, else the own weights without the
    /// adapter. Loaded at first use.
    package var decoder: LanguageModel {
        get throws(AutoRegEmbedError) {
            let result: Result<LanguageModel, AutoRegEmbedError> = lazy.withLock { lazy in
                if let decoder = lazy.decoder { return .success(decoder) }
                do throws(AutoRegEmbedError) {
                    let decoder = try parts.makeDecoder(settings: settings, encoder: encoder)
                    lazy.decoder = decoder
                    return .success(decoder)
                } catch { return .failure(error) }
            }
            return try result.get()
        }
    }
}
