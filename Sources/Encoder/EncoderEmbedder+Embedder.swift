import AutoRegEmbed
import Embedding
import FileFormat
import Foundation
import JSON

/// Queries and documents are encoded with the prompts that the folder has for them.
extension EncoderEmbedder: ModelEmbedder {
    /// What a database records and compares. The first use reads all weights.
    public var identity: EmbedderIdentity {
        var settings: JSONObject = [
            "max_length": .integer(Int64(maximumLength)), "precision": .string(arithmetic),
        ]
        // What modules.json says is found again there.
        if sentences == nil { settings["pooling"] = .string(pooling.rawValue) }
        if !prompts.isEmpty {
            settings["instructions"] = .object(
                JSONObject(prompts.mapValues { $0.map(JSONValue.string) ?? .null }))
        }
        if let source { settings["source"] = .string(source) }
        return EmbedderIdentity(
            name: folder.lastPathComponent, fingerprint: modelFingerprint, dimensions: dimensions,
            path: folder.path, settings: settings)
    }

    /// The vectors of `texts` with the prompt of documents.
    ///
    /// - Throws: `AutoRegEmbedError`; `CancellationError` if the task is cancelled.
    public func embedDocuments(_ texts: [String]) async throws -> [EncodedText] {
        try await stoppingWhenCancelled {
            try self.encode(texts, instruction: .self_, isCancelled: $0)
        }
    }

    /// The vectors of `texts` with the prompt of queries.
    ///
    /// - Throws: `AutoRegEmbedError`; `CancellationError` if the task is cancelled.
    public func embedQueries(_ texts: [String]) async throws -> [EncodedText] {
        try await stoppingWhenCancelled {
            try self.encode(texts, instruction: .next, isCancelled: $0)
        }
    }

    /// The number of ids in a text by itself.
    public func tokenCount(of text: String) -> Int { tokenizer.encode(text).count }

    /// The most ids of a document's text that are read, beside its prompt and special tokens.
    public var maximumTokenCount: Int? { builder(.self_).maximumTextTokens }

    /// The text of ids of the tokenizer; `nil` if it lacks one.
    public func text(ofTokens ids: [Int]) -> String? { tokenizer.text(ofTokens: ids) }

    /// The number of a vector's elements.
    public var dimensions: Int { sentences?.dimensions ?? model.configuration.hiddenSize }

    /// `float32` or `bfloat16`. Vectors of one do not belong beside the other's.
    public var arithmetic: String { model.precision.rawValue }

    /// What the model is, from its files' heads; its template is prompt and text.
    public var summary: ModelSummary {
        var instructions: [String: String] = [:]
        for (use, instruction) in [("next", Instruction.next), ("self", .self_)] {
            let prompt = prompt(instruction)
            if !prompt.isEmpty { instructions["retrieval.\(use)"] = prompt }
        }
        return ModelSummary(
            architecture: "bert", checkpoint: model.checkpoint, dimensions: dimensions,
            context: model.configuration.maximumPositions, license: nil, method: nil,
            pooling: pooling,
            template: "{instruction}{text}", instructions: instructions,
            vocabulary: tokenizer.vocabularySize)
    }

    /// Each part is preceded by its name and length, so that parts cannot run into each other.
    func makeFingerprint() -> String {
        let hasher = ContentHasher()
        func add(_ name: String, _ value: String) {
            hasher.update(name)
            hasher.update(value)
        }
        add("encoder", Fingerprint.cached(weightsOf: model.checkpoint))
        let c = model.configuration
        add("configuration", "bert \(c.headCount) \(c.normEpsilon) \(c.activation.rawValue)")
        tokenizer.fingerprint.withUnsafeBytes {
            add("tokenizer", ContentHash(of: $0).hexadecimal)
        }
        for (name, instruction) in [("query", Instruction.next), ("document", .self_)] {
            add("prompt of a \(name)", prompt(instruction))
        }
        add("pooling", pooling.rawValue)
        for (name, value) in Fingerprint.parts(of: sentences?.steps ?? [.normalize]) {
            add(name, value)
        }
        add("length", "\(maximumLength)")
        add("precision", arithmetic)
        return hasher.finalize().hexadecimal
    }
}
