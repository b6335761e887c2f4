import Foundation
import JSON
import Transformer

/// `autoregembed.json`: how the model is used. The values below are the defaults for missing keys
/// or a missing file. `docs/MODEL_FOLDERS.md` describes it for users.
package struct EmbedderSettings: Sendable, Equatable {
    package static let fileName = "autoregembed.json"

    package let method: EmbeddingMethod
    /// LLM2Vec-Gen: path of the projections' file, absolute or relative to the model's folder.
    package var projections: String?
    /// The k compressed tokens, `<EMBED0>` … unless the file lists others.
    package var compressedTokens: [String]
    package var pooling = Pooling.compressed
    /// Whether the file names the method, the pooling or the compressed tokens. If it does not, a tokenizer
    /// without them means that the model has not been trained as an embedder.
    package var namesPooling = false
    package var isNormalized = true
    /// The most tokens of a text, including the fixed characters of its segment.
    package var maximumLength = 512
    /// Path of the decoder's folder, absolute or relative to the model's; nil uses the model's own
    /// weights without the adapter.
    package var decoder: String?
    /// The decoder's fingerprint when the model was trained.
    package var decoderFingerprint: String?
    /// How many rows of the model's own vocabulary the decoder has: without the compressed tokens
    /// that training appended. Nil means all.
    package var decoderVocabulary: Int?
    /// The factor that multiplies the compressed tokens' states before they enter the decoder.
    /// Neither vectors nor the fingerprint depend on it.
    package var decoderScale = 1.0
    /// Added to the scaled states before they enter the decoder, `[H]`; empty adds nothing. Neither
    /// vectors nor the fingerprint depend on it.
    package var decoderOffset: [Float] = []
    /// The values that `decoder_scale` may have.
    package static let decoderScales = 1e-6...1e6
    /// The weight of dense ranks in hybrid search, relative to 1 for lexical ranks; nil leaves it
    /// to the database. Neither vectors nor the fingerprint depend on it.
    package var hybridWeight: Double?
    /// The weight of matching tokens in hybrid search; nil for none. Neither vectors nor the fingerprint
    /// depend on it.
    package var tokenWeight: Double?
    /// How the decoder is asked for answers; nil leaves it to the chat template. Neither vectors nor
    /// the fingerprint depend on it.
    package var chat: ChatFormat?
    package var template: InputTemplate
    package var instructions: [EmbeddingTask: [String: String]]

    private static let keys: Set<String> = [
        "compressed_tokens", "pooling", "normalize", "max_length", "decoder", "decoder_fingerprint",
        "decoder_vocabulary", "decoder_scale", "decoder_offset", "hybrid_weight", "token_weight",
        "template",
        "instructions", "method", "projections", "chat",
    ]
    private static let instructionKeys: Set<String> = ["next", "self", "previous"]

    package init(method: EmbeddingMethod = .autoRegEmbed) {
        self.method = method
        projections = method == .llm2VecGen ? Projections.fileName : nil
        compressedTokens = Self.compressedTokens(method.compressedTokenCount)
        (template, instructions) = (method.template, method.instructions)
    }

    private static func compressedTokens(_ count: Int) -> [String] {
        (0..<count).map { "<EMBED\($0)>" }
    }

    /// Settings for a GGUF file, which names at most its pooling.
    init(pooling: GGUFPooling?) {
        self.init()
        guard let pooling else { return }
        self.pooling = pooling == .mean ? .mean : .last
        namesPooling = true
    }

    /// - Parameter path: the file's path, for errors.
    /// - Throws: ``AutoRegEmbedError/settings(path:key:problem:)``
    package init(json: UnsafeRawBufferPointer, path: String) throws(AutoRegEmbedError) {
        let value: JSONValue
        do { value = try JSONValue(parsing: json) } catch {
            throw .settings(path: path, key: "", problem: error.description)
        }
        guard let object = value.objectValue else {
            throw .settings(path: path, key: "", problem: "must be an object")
        }
        func wrong(_ key: String, _ expected: String) -> AutoRegEmbedError {
            .settings(path: path, key: key, problem: "must be \(expected)")
        }
        func field(_ key: String) -> JSONValue? {
            object[key].flatMap { $0 == .null ? nil : $0 }
        }

        var method = EmbeddingMethod.autoRegEmbed
        if let name = field("method") {
            guard let named = name.stringValue.flatMap(EmbeddingMethod.init) else {
                throw wrong(
                    "method",
                    EmbeddingMethod.allCases.map(\.rawValue).joined(separator: " or "))
            }
            method = named
        }
        self.init(method: method)

        for key in object.keys where !Self.keys.contains(key) {
            throw .settings(path: path, key: key, problem: "is not a key of this file")
        }
        namesPooling = ["method", "compressed_tokens", "pooling"].contains { field($0) != nil }
        if let value = field("projections") {
            guard method == .llm2VecGen else {
                throw .settings(
                    path: path, key: "projections",
                    problem: "needs the method \(EmbeddingMethod.llm2VecGen.rawValue)")
            }
            guard let string = value.stringValue, !string.isEmpty else {
                throw wrong("projections", "a path")
            }
            projections = string
        }

        if let tokens = field("compressed_tokens") {
            if let count = tokens.integerValue, 0...1024 ~= count {
                compressedTokens = Self.compressedTokens(count)
            } else if let names = tokens.arrayValue?.map(\.stringValue), names.count <= 1024,
                !names.contains(nil)
            {
                compressedTokens = names.compactMap { $0 }
            } else {
                throw wrong("compressed_tokens", "a number from 0 to 1024, or a list of tokens")
            }
        }
        if let name = field("pooling") {
            guard let pooling = name.stringValue.flatMap(Pooling.init) else {
                throw wrong("pooling", "compressed, last, mean or cls")
            }
            self.pooling = pooling
        }
        if pooling == .compressed, compressedTokens.isEmpty {
            throw wrong("compressed_tokens", "at least 1 with pooling compressed")
        }
        if let flag = field("normalize") {
            guard let flag = flag.boolValue else { throw wrong("normalize", "true or false") }
            isNormalized = flag
        }
        if let length = field("max_length") {
            guard let length = length.integerValue, 1...(1 << 20) ~= length else {
                throw wrong("max_length", "a number from 1 to 1048576")
            }
            maximumLength = length
        }
        if let path = field("decoder") {
            guard let string = path.stringValue else { throw wrong("decoder", "a path or null") }
            decoder = string
        }
        if let hash = field("decoder_fingerprint") {
            guard let string = hash.stringValue else {
                throw wrong("decoder_fingerprint", "a string")
            }
            decoderFingerprint = string
        }
        if let size = field("decoder_vocabulary") {
            guard let size = size.integerValue, 1...(1 << 24) ~= size else {
                throw wrong("decoder_vocabulary", "a positive number")
            }
            decoderVocabulary = size
        }
        if let scale = field("decoder_scale") {
            guard let scale = scale.doubleValue, Self.decoderScales.contains(scale) else {
                throw wrong("decoder_scale", "a number from 0.000001 to 1000000")
            }
            decoderScale = scale
        }
        if let offset = field("decoder_offset") {
            let numbers = offset.arrayValue?.compactMap(\.doubleValue).map { Float($0) } ?? []
            guard let count = offset.arrayValue?.count, count == numbers.count, count > 0,
                numbers.allSatisfy(\.isFinite)
            else { throw wrong("decoder_offset", "an array of numbers, one a dimension") }
            decoderOffset = numbers
        }
        func weight(_ key: String) throws(AutoRegEmbedError) -> Double? {
            guard let weight = field(key) else { return nil }
            guard let weight = weight.doubleValue, weight.isFinite, weight >= 0 else {
                throw wrong(key, "a number that is not negative")
            }
            return weight
        }
        hybridWeight = try weight("hybrid_weight")
        tokenWeight = try weight("token_weight")
        if let source = field("chat") {
            guard let chat = source.stringValue.flatMap(ChatFormat.init) else {
                throw wrong("chat", "a string with {query} once, and optionally {bos}")
            }
            self.chat = chat
        }
        if let source = field("template") {
            guard let template = source.stringValue.flatMap({ InputTemplate($0) }) else {
                throw wrong(
                    "template",
                    "a string with {text} or {instruction+text}, and optionally {bos}, "
                        + "{instruction}, {compressed_tokens}"
                )
            }
            self.template = template
        }
        if let tasks = field("instructions") {
            guard let tasks = tasks.objectValue else { throw wrong("instructions", "an object") }
            for (name, pair) in tasks {
                guard let task = EmbeddingTask(rawValue: name), let pair = pair.objectValue
                else { throw wrong("instructions.\(name)", "retrieval or sts, each an object") }
                for (key, text) in pair {
                    guard Self.instructionKeys.contains(key) else {
                        throw wrong("instructions.\(name).\(key)", "next, self or previous")
                    }
                    guard let text = text.stringValue else {
                        throw wrong("instructions.\(name).\(key)", "a string")
                    }
                    instructions[task, default: [:]][key] = text
                }
            }
        }
    }

    /// The text of an instruction; nil if there is none.
    package func text(of instruction: Instruction, task: EmbeddingTask) -> String? {
        switch instruction {
        case .next: instructions[task]?["next"]
        case .self_: instructions[task]?["self"]
        case .none: nil
        case .custom(let text): text
        }
    }
}
