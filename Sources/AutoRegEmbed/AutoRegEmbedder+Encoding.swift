import Embedding
import Foundation
import Tokenization
import Transformer

extension AutoRegEmbedder {
    /// Encodes `texts` and returns their vectors in order. A text's vector does not depend on the
    /// other texts or on the number of threads.
    ///
    /// - Parameters:
    ///   - texts: any number of texts; each must give at least one token with its template.
    ///   - instruction: `next` for queries, `self_` for documents.
    ///   - task: which pair of the model's instructions is used.
    ///   - isCancelled: asked between batches; returning true throws `CancellationError`.
    /// - Throws: ``AutoRegEmbedError``, `emptyInput` for a text without tokens;
    ///   `CancellationError`.
    public func encode(
        _ texts: [String], instruction: Instruction, task: EmbeddingTask = .retrieval,
        isCancelled: @Sendable () -> Bool = { false }
    ) throws -> [EncodedText] {
        try pooled(texts, instruction: instruction, task: task, isCancelled: isCancelled).map {
            EncodedText(
                vector: normalized($1), tokenCount: $0.tokens.count, isTruncated: $0.isTruncated)
        }
    }

    /// The texts' vectors before normalization.
    ///
    /// - Throws: as ``encode(_:instruction:task:isCancelled:)``.
    public func unnormalizedVectors(
        of texts: [String], instruction: Instruction, task: EmbeddingTask,
        isCancelled: @Sendable () -> Bool
    ) throws -> [[Float]] {
        try pooled(texts, instruction: instruction, task: task, isCancelled: isCancelled).map {
            sentences?.unnormalized($1) ?? $1
        }
    }

    /// The token ids that the model reads for a text, with instruction and compressed tokens.
    public func inputTokens(
        _ text: String, instruction: Instruction, task: EmbeddingTask = .retrieval
    ) -> [Int32] {
        makeInputs([text], instruction: instruction, task: task)[0].tokens
    }

    /// What the decoder reads of a text, `[k, H]`: e(text, instruction), the last hidden states at
    /// the compressed tokens; of an LLM2Vec-Gen model p, their projections.
    ///
    /// - Throws: ``AutoRegEmbedError``, `notCompressed` for a model that pools otherwise.
    public func states(
        _ text: String, instruction: Instruction, task: EmbeddingTask = .retrieval
    ) throws -> [[Float]] {
        let states = try hiddenStates(text, instruction: instruction, task: task)
        let read = projections?.prompts(ofStates: states) ?? states
        let width = encoder.configuration.hiddenSize
        return (0..<compressedIDs.count).map { Array(read[$0 * width..<($0 + 1) * width]) }
    }

    /// The last hidden states at the compressed tokens, `[k * H]`.
    func hiddenStates(
        _ text: String, instruction: Instruction, task: EmbeddingTask
    ) throws -> [Float] {
        guard settings.pooling == .compressed else {
            throw AutoRegEmbedError.notCompressed(pooling: settings.pooling.rawValue)
        }
        let inputs = makeInputs([text], instruction: instruction, task: task)
        return try states(of: inputs, isCancelled: { false })[0]
    }

    /// The number of tokens of a text alone, without template and special tokens.
    public func tokenCount(of text: String) -> Int { tokenizer.encode(text).count }

    /// The most tokens of a document's text that are read.
    public var maximumTokenCount: Int? { builder(.self_, task: .retrieval).maximumTextTokens }

    typealias Input = InputBuilder.Input

    /// Tokenizes with several threads if there are many texts.
    func makeInputs(
        _ texts: [String], instruction: Instruction, task: EmbeddingTask
    ) -> [Input] {
        builder(instruction, task: task).inputs(texts, threads: threads)
    }

    private func builder(_ instruction: Instruction, task: EmbeddingTask) -> InputBuilder {
        if let sentences {
            InputBuilder(
                prompt: prompt(instruction, sentences.prompts), tokenizer: tokenizer,
                maximumLength: settings.maximumLength)
        } else {
            InputBuilder(
                template: settings.template, tokenizer: tokenizer,
                instruction: settings.text(of: instruction, task: task),
                compressedTokens: compressedIDs, maximumLength: settings.maximumLength)
        }
    }

    /// The states that pooling needs, `[rows, H]` for each input.
    private func states(
        of inputs: [Input], isCancelled: @Sendable () -> Bool
    ) throws -> [[Float]] {
        let selection: RowSelection =
            switch settings.pooling {
            case .compressed: .last(trailingRows)
            case .last: .last(1)
            case .mean, .first: .all
            }
        do {
            return try encoder.states(
                of: inputs.map { SequenceInput(tokens: $0.tokens) }, selecting: selection,
                threads: threads, isCancelled: isCancelled
            ).map { states in
                settings.pooling == .compressed
                    ? Array(states.prefix(compressedIDs.count * encoder.configuration.hiddenSize))
                    : states
            }
        } catch ModelError.cancelled {
            throw CancellationError()
        } catch { throw AutoRegEmbedError.model(error) }
    }

    /// Rows from the first compressed token to the end of the input: k, or more if the template
    /// puts something after the compressed tokens.
    private var trailingRows: Int {
        let parts = settings.template.parts
        guard let place = parts.lastIndex(of: .compressedTokens) else { return compressedIDs.count }
        let after = parts[(place + 1)...].reduce(0) { count, part in
            if case .literal(let literal) = part {
                count + tokenizer.encode(literal).count
            } else {
                count
            }
        }
        return compressedIDs.count + after
    }

    /// Each text's input and pooled states, projected in an LLM2Vec-Gen model.
    private func pooled(
        _ texts: [String], instruction: Instruction, task: EmbeddingTask,
        isCancelled: @Sendable () -> Bool
    ) throws -> [(input: Input, vector: [Float])] {
        let inputs = makeInputs(texts, instruction: instruction, task: task)
        guard inputs.allSatisfy({ !$0.tokens.isEmpty }) else {
            throw AutoRegEmbedError.emptyInput
        }
        let states = try states(of: inputs, isCancelled: isCancelled)
        return zip(inputs, states).map { input, states in
            let mean = mean(ofStates: states, input: input)
            return (input, projections?.vector(ofMean: mean) ?? mean)
        }
    }

    /// The mean of the states that the pooling selects.
    private func mean(ofStates states: [Float], input: Input) -> [Float] {
        let width = encoder.configuration.hiddenSize
        var rows = 0..<states.count / width
        if settings.pooling == .first { rows = 0..<1 }
        // Echo embeddings (Springer et al. 2024): only the repetition has seen the whole text.
        if settings.pooling == .mean, input.isRepeated { rows = input.text }
        var mean = [Float](repeating: 0, count: width)
        for row in rows {
            for index in 0..<width { mean[index] += states[row * width + index] }
        }
        let count = Float(max(1, rows.count))
        for index in 0..<width { mean[index] /= count }
        return mean
    }

    /// L2 normalization, or the steps of a sentence-transformers folder.
    private func normalized(_ vector: [Float]) -> [Float] {
        if let sentences {
            return sentences.steps.reduce(vector) { $1.applied(to: $0) }
        }
        guard settings.isNormalized else { return vector }
        let length = vector.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        guard length > 0 else { return vector }
        return vector.map { Float(Double($0) / length) }
    }
}
