import Tokenization

/// Texts as the encoder and the decoder read them.
///
///     input      [BOS]  tok(text + "\n")  tok(instruction + "\n")  <EMBED0> … <EMBED(k-1)>
///     target     tok(text)  EOS
///     document   [BOS]  tok(text)  EOS                              (pre-training)
///
/// Only the text is cut to `maximumLength` tokens. Text and instruction are tokenised apart.
struct TextInputs {
    struct Instructions: Sendable, Equatable {
        /// I_next, of queries.
        var next: String
        /// I_self, of documents.
        var own: String
        /// I_prev, which asks a document for its query (strategies 1 and 2).
        var previous: String
    }

    let tokenizer: Tokenizer
    let compressedTokens: [Int32]
    let eos: Int32
    let instructions: Instructions
    let maximumLength: Int

    func input(_ text: String, instruction: String) -> [Int32] {
        start + tokenizer.encode(text + "\n").prefix(maximumLength)
            + tokenizer.encode(instruction + "\n") + compressedTokens
    }

    func target(_ text: String) -> [Int32] {
        tokenizer.encode(text).prefix(maximumLength) + [eos]
    }

    func document(_ text: String) -> [Int32] { start + tokenizer.encode(text) + [eos] }

    private var start: [Int32] { tokenizer.bosID.map { [$0] } ?? [] }
}
