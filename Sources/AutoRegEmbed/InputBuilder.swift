import Dispatch
import Synchronization
import TextBytes
import Tokenization
import VectorMath

/// Builds the model's inputs for one instruction from the template, in the same way for training
/// and inference.
///
/// Everything except the text is tokenized once.
package struct InputBuilder: Sendable {
    /// The token ids that the model reads for a text.
    package struct Input: Sendable {
        package var tokens: [Int32]
        /// Whether the text was cut to the maximum length.
        package var isTruncated: Bool
        /// The range of the text in `tokens`; the last one if the template repeats it.
        package var text: Range<Int>
        package var isRepeated: Bool
        /// The number of `tokens` up to and including the last compressed token; nil if the
        /// template has none.
        package var compressedEnd: Int?
    }

    private enum Piece: Sendable {
        case fixed([Int32], isCompressed: Bool)
        case text(before: String, after: String)
        /// The same with a text without white space at its ends.
        case trimmedText(before: String, after: String)
        /// Prompt and text are tokenized as one string, with the tokenizer's special tokens.
        case sentence(prompt: String)
    }

    private let pieces: [Piece]
    private let tokenizer: Tokenizer
    private let maximumLength: Int

    /// - Parameters:
    ///   - instruction: nil omits its segment.
    ///   - maximumLength: the most tokens of a text, including the fixed characters of its segment.
    package init(
        template: InputTemplate, tokenizer: Tokenizer, instruction: String?,
        compressedTokens: [Int32], maximumLength: Int
    ) {
        self.tokenizer = tokenizer
        self.maximumLength = maximumLength
        pieces = template.parts.map { part in
            switch part {
            case .beginning: .fixed(tokenizer.bosID.map { [$0] } ?? [], isCompressed: false)
            case .instruction(let before, let after):
                .fixed(
                    instruction.map { tokenizer.encode(before + $0 + after) } ?? [],
                    isCompressed: false)
            case .literal(let literal): .fixed(tokenizer.encode(literal), isCompressed: false)
            case .compressedTokens: .fixed(compressedTokens, isCompressed: true)
            case .text(let before, let after): .text(before: before, after: after)
            case .instructionAndText(let before, let after):
                .trimmedText(before: before + (instruction ?? ""), after: after)
            }
        }
    }

    /// Builds inputs as sentence-transformers does.
    ///
    /// - Parameter maximumLength: the most tokens of an input, including special tokens.
    package init(prompt: String, tokenizer: Tokenizer, maximumLength: Int) {
        self.tokenizer = tokenizer
        self.maximumLength = maximumLength
        pieces = [.sentence(prompt: prompt)]
    }

    /// The inputs of many texts, in their order.
    package func inputs(_ texts: [String], threads: Int) -> [Input] {
        let threads = min(threads, ThreadLimit.current)
        guard texts.count >= 32, threads > 1 else { return texts.map(input) }
        let parts = threads * 4
        let results = Mutex<[Int: [Input]]>([:])
        DispatchQueue.concurrentPerform(iterations: parts) { part in
            let range = texts.count * part / parts..<texts.count * (part + 1) / parts
            let inputs = texts[range].map(input)
            results.withLock { $0[part] = inputs }
        }
        return results.withLock { table in (0..<parts).flatMap { table[$0] ?? [] } }
    }

    /// The most tokens of a text that are read: the maximum without the prompt, the characters around
    /// the text and the special tokens that count towards it.
    package var maximumTextTokens: Int {
        let others = pieces.map { piece in
            switch piece {
            case .fixed: 0
            case .text(let before, let after), .trimmedText(let before, let after):
                tokenizer.encode(before + after).count
            case .sentence(let prompt): tokenizer.encodeWithSpecialTokens(prompt).count
            }
        }
        return max(1, maximumLength - (others.max() ?? 0))
    }

    package func input(_ text: String) -> Input {
        var input = Input(tokens: [], isTruncated: false, text: 0..<0, isRepeated: false)
        for piece in pieces {
            switch piece {
            case .fixed(let ids, let isCompressed):
                input.tokens += ids
                if isCompressed { input.compressedEnd = input.tokens.count }
            case .sentence(let prompt):
                (input.tokens, input.isTruncated) = tokenizer.encodeWithSpecialTokens(
                    prompt + text, maximumLength: maximumLength)
                input.text = 0..<input.tokens.count
            case .text(let before, let after): append(before + text + after, to: &input)
            case .trimmedText(let before, let after):
                append(before + text.trimmingWhiteSpace() + after, to: &input)
            }
        }
        return input
    }

    private func append(_ segment: String, to input: inout Input) {
        let ids = tokenizer.encode(segment)
        let start = input.tokens.count
        input.tokens += ids.prefix(maximumLength)
        input.isTruncated = input.isTruncated || ids.count > maximumLength
        input.isRepeated = !input.text.isEmpty
        input.text = start..<input.tokens.count
    }
}
