import AutoRegEmbed
import TextBytes
import Tokenization

/// Tokenizes texts for encoder and decoder.
///
///     input      the model's template: [BOS]  tok(text + "\n")  tok(instruction + "\n")  <EMBED0> …
///     target     tok(text)  EOS
///     document   [BOS]  tok(text)  EOS                              (pre-training)
///
/// Only the text is cut to `maximumLength` tokens.
struct TextInputs: Sendable {
    struct Instructions: Sendable, Equatable {
        /// I_next, of queries.
        var next: String
        /// I_self, of documents.
        var own: String
        /// I_prev, which asks a document for its query (strategies 1 and 2).
        var previous: String
    }

    let tokenizer: Tokenizer
    let template: InputTemplate
    let compressedTokens: [Int32]
    let eos: Int32
    let instructions: Instructions
    let maximumLength: Int
    /// Counts the texts that were cut.
    let cuts = CutTexts()
    /// Prepared for the instructions of most rows.
    private let builders: [Identifier: InputBuilder]

    init(
        tokenizer: Tokenizer, template: InputTemplate, compressedTokens: [Int32], eos: Int32,
        instructions: Instructions, maximumLength: Int
    ) {
        self.tokenizer = tokenizer
        self.template = template
        self.compressedTokens = compressedTokens
        self.eos = eos
        self.instructions = instructions
        self.maximumLength = maximumLength
        let all = Set(
            [instructions.next, instructions.own, instructions.previous].map { Identifier($0) })
        builders = Dictionary(
            uniqueKeysWithValues: all.map { instruction in
                (
                    instruction,
                    InputBuilder(
                        template: template, tokenizer: tokenizer, instruction: instruction.text,
                        compressedTokens: compressedTokens, maximumLength: maximumLength)
                )
            })
    }

    /// The input ends with the compressed tokens, if there are any: attention is causal, so what a
    /// template puts after them cannot change their states.
    func input(_ text: String, instruction: String) -> [Int32] {
        let builder =
            builders[Identifier(instruction)]
            ?? InputBuilder(
                template: template, tokenizer: tokenizer, instruction: instruction,
                compressedTokens: compressedTokens, maximumLength: maximumLength)
        let input = builder.input(text)
        if input.isTruncated { cuts.note() }
        let end = compressedTokens.isEmpty ? nil : input.compressedEnd
        return Array(input.tokens.prefix(end ?? input.tokens.count))
    }

    func target(_ text: String) -> [Int32] {
        let tokens = tokenizer.encode(text)
        if tokens.count > maximumLength { cuts.note() }
        return tokens.prefix(maximumLength) + [eos]
    }

    func document(_ text: String) -> [Int32] { start + tokenizer.encode(text) + [eos] }

    private var start: [Int32] { tokenizer.bosID.map { [$0] } ?? [] }
}
