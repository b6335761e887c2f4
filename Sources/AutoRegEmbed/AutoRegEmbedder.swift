import Foundation
import Synchronization
import Tensors
import Tokenization
import Transformer

/// Embeds texts with a decoder-only language model (AutoRegEmbed, Deng et al., EMNLP 2025): an
/// instruction asks the model to compress a text, or what should follow it, into k tokens, and the
/// mean of their last hidden states, L2-normalized, is the text's vector. In an LLM2Vec-Gen folder
/// two projections follow the states.
///
/// ```swift
/// let embedder = try AutoRegEmbedder(folder: URL(fileURLWithPath: "models/mine"))
/// let query = try embedder.encode(["what makes lift?"], instruction: .next)[0]
/// let passage = try embedder.encode(["A wing moves air down."], instruction: .self_)[0]
/// let score = zip(query.vector, passage.vector).reduce(0) { $0 + $1.0 * $1.1 }
/// ```
///
/// An embedder may be used by any number of threads at once. Opening one reads a few small files;
/// weights are memory-mapped and read at first use.
public final class AutoRegEmbedder: Sendable {
    /// Overrides of what a model's folder says, and resources to use. What is nil or empty is left
    /// to the folder.
    public struct Options: Sendable {
        /// How states are pooled, instead of the folder's `pooling`.
        public var pooling: Pooling?
        /// The arithmetic of matrix products; nil uses bfloat16 for bfloat16 checkpoints, else
        /// float32 (int8 products for quantized weights).
        public var precision: ComputePrecision?
        /// The number of threads; nil uses all processors available to the process.
        public var threads: Int?
        /// The folder or GGUF file of an adapter's base model; nil uses the one that the adapter
        /// names.
        public var base: URL?
        /// Finds the base model of an adapter that names it by an id on the hub, `OWNER/REPO`,
        /// and not by a folder; nil, or a nil result, means that it is not on this machine.
        public var findBase: (@Sendable (_ name: String) -> URL?)?
        /// What the user called the model, such as a name in a store. It is recorded with a
        /// collection, so that the model can be found again if its folder has moved.
        public var source: String?
        /// The input template, instead of the folder's; must contain `{text}`.
        public var template: String?
        /// The most tokens of a text, 1 or more, instead of the folder's `max_length`.
        public var maximumLength: Int?
        /// Instructions of all tasks, instead of the folder's, under the keys `next` (queries) and
        /// `self` (documents); a nil value means no instruction.
        public var instructions: [String: String?] = [:]

        /// Options that override nothing.
        public init() {}
    }

    /// The base model's and the adapter's files, the tokenizer and the settings.
    let parts: ModelParts
    package let tokenizer: Tokenizer
    /// The encoder E. Without an adapter it shares its weights with D.
    package let encoder: LanguageModel
    let settings: EmbedderSettings
    let compressedIDs: [Int32]
    /// The options' overrides of the folder's instructions.
    let instructionOverrides: [String: String?]
    /// Whether this is a language model that has not been trained to embed: its tokenizer lacks the
    /// compressed tokens, and neither its folder nor the options name a pooling. The vector is then
    /// the state at the last token.
    public let isUntrained: Bool
    /// The folder given for an adapter's base; nil uses the one that the adapter names.
    let base: URL?
    /// What the user called the model.
    let source: String?
    let threads: Int
    private let lazy = Mutex(Lazy())

    private struct Lazy {
        var fingerprint: String?
        var decoder: LanguageModel?
        var embeddingRows: EmbeddingRows?
    }

    /// Loads a Hugging Face folder, the folder of a PEFT LoRA adapter with its base, or a GGUF
    /// file.
    ///
    /// - Throws: ``AutoRegEmbedError``
    public convenience init(folder: URL, options: Options = Options()) throws {
        try self.init(
            parts: ModelParts(
                location: folder, base: options.base, findBase: options.findBase,
                // Another pooling or template means the bare language model.
                readsModules: options.pooling == nil && options.template == nil), options: options)
    }

    /// Uses a model in memory without copying it.
    ///
    /// - Throws: ``AutoRegEmbedError``
    public convenience init(resource: ModelResource, options: Options = Options()) throws {
        guard options.base == nil else {
            throw AutoRegEmbedError.baseWithoutAdapter(path: resource.name)
        }
        try self.init(parts: ModelParts(resource: resource), options: options)
    }

    /// Reads the tokenizer and the weights at the same time: a tokenizer's tables take longer to
    /// build than weights take to map.
    private static func load(
        _ parts: ModelParts, precision: ComputePrecision?, threads: Int
    ) throws(AutoRegEmbedError) -> (Tokenizer, LanguageModel) {
        let tokenizer = Mutex(Result<Tokenizer, AutoRegEmbedError>?.none)
        let encoder = Mutex(Result<LanguageModel, AutoRegEmbedError>?.none)
        let read = { @Sendable (part: Int) in
            if part == 0 {
                let result = Result { () throws(AutoRegEmbedError) in
                    do { return try parts.makeTokenizer() } catch { throw .tokenizer(error) }
                }
                tokenizer.withLock { $0 = result }
            } else {
                let result = Result { () throws(AutoRegEmbedError) in
                    try parts.makeEncoder(precision: precision)
                }
                encoder.withLock { $0 = result }
            }
        }
        if threads > 1 {
            DispatchQueue.concurrentPerform(iterations: 2, execute: read)
        } else {
            read(0)
            read(1)
        }
        guard let first = tokenizer.withLock({ $0 }), let second = encoder.withLock({ $0 }) else {
            preconditionFailure("both parts were read")
        }
        return (try first.get(), try second.get())
    }

    /// The tokenizer of a model folder, or of the base if an adapter's folder has none. Apart from
    /// an adapter's, no weights are read.
    package static func tokenizer(
        folder: URL, base: URL? = nil, findBase: ((String) -> URL?)? = nil
    ) throws -> Tokenizer {
        let folder = folder.standardizedFileURL
        var home = folder
        if !ModelParts.isFile(folder), !ModelParts.hasTokenizer(folder),
            let adapter = try ModelParts.adapter(in: folder)
        {
            home = try ModelParts.base(
                of: folder, adapter: adapter, given: base, find: findBase)
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
        source = options.source
        threads = max(1, options.threads ?? ProcessInfo.processInfo.activeProcessorCount)
        (tokenizer, encoder) = try Self.load(parts, precision: options.precision, threads: threads)
        if let sentences = parts.sentences, options.maximumLength == nil {
            settings.maximumLength =
                sentences.maximumLength
                ?? min(tokenizer.maximumLength ?? .max, parts.configuration.maximumPositions)
        }
        try parts.sentences?.checkFits(
            hiddenSize: encoder.configuration.hiddenSize, path: parts.path)

        let width = encoder.configuration.hiddenSize
        guard settings.decoderOffset.isEmpty || settings.decoderOffset.count == width else {
            throw .settings(
                path: parts.path + "/" + EmbedderSettings.fileName, key: "decoder_offset",
                problem: "has \(settings.decoderOffset.count) numbers, expected \(width)")
        }

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

    /// The arithmetic of matrix products.
    public var precision: ComputePrecision { encoder.precision }

    /// The arithmetic of matrix products as recorded with vectors: `float32`, `bfloat16`, or `int8`
    /// for quantized weights that are multiplied without dequantizing, as they are if no precision
    /// is set. Vectors of different arithmetic are not comparable.
    public var arithmetic: String {
        encoder.multipliesBlocks ? "int8" : encoder.precision.rawValue
    }

    /// The number of elements in a vector: H, or the output width of the folder's last Dense module
    /// or of its projections.
    public var dimensions: Int {
        sentences?.dimensions ?? projections?.dimensions ?? encoder.configuration.hiddenSize
    }

    /// The method that the model's folder names.
    package var method: EmbeddingMethod { settings.method }

    /// LLM2Vec-Gen's projections; nil for other models, and with another pooling, which passes them
    /// by.
    var projections: Projections? { settings.pooling == .compressed ? parts.projections : nil }

    /// Inputs and pooling of a sentence-transformers folder; nil for other models.
    var sentences: SentenceTransformerFolder? { parts.sentences }

    /// The prompt in front of a text: the options', else that of the sentence-transformers folder.
    func prompt(_ instruction: Instruction, _ prompts: SentencePrompts) -> String {
        switch instruction {
        case .next: instructionOverrides["next"].map { $0 ?? "" } ?? prompts.text(for: .next)
        case .self_: instructionOverrides["self"].map { $0 ?? "" } ?? prompts.text(for: .self_)
        case .none, .custom: prompts.text(for: instruction)
        }
    }

    /// The weight of this model's ranks in hybrid search, relative to 1 for lexical ranks, from
    /// `hybrid_weight` in its `autoregembed.json`; nil if that sets none.
    public var hybridWeight: Double? { settings.hybridWeight }

    /// A hash, as 32 hexadecimal digits, of weights, tokenizer, template, instructions, compressed
    /// tokens, projections, pooling, normalization, maximum length and precision. The first use reads all
    /// weights.
    var fingerprint: String {
        lazy.withLock { lazy in
            if let fingerprint = lazy.fingerprint { return fingerprint }
            let fingerprint = makeFingerprint()
            lazy.fingerprint = fingerprint
            return fingerprint
        }
    }

    /// The embedding rows that were made before, or new ones.
    func remembered(_ make: () -> EmbeddingRows) -> EmbeddingRows {
        lazy.withLock { lazy in
            if let rows = lazy.embeddingRows { return rows }
            let rows = make()
            lazy.embeddingRows = rows
            return rows
        }
    }

    /// The frozen decoder D: the model in the folder that the settings name, else the embedder's
    /// own weights without the adapter. Loaded at first use.
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
