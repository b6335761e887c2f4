import TextBytes
import Tokenization

/// Builds the prompts of one chat format.
///
/// The format is split at its control tokens, and each text between two of them is one string for
/// the tokenizer. Only the one with the query can be cut.
package struct ChatPrompt: Sendable {
    private let tokenizer: Tokenizer
    private let instruction: String
    private let maximumLength: Int
    /// The ids before and after the text that has the query.
    private let before: [Int32]
    private let after: [Int32]
    /// What that text has around the query.
    private let opening: String
    private let closing: String

    /// The ids that all prompts begin with.
    package var fixedPrefix: [Int32] { before }

    /// The control token that ends the query's turn, and so a model's turn, too; nil if the format
    /// has none after the query.
    package var endOfTurn: Int32? { after.first.flatMap { tokenizer.isSpecial($0) ? $0 : nil } }

    /// - Parameters:
    ///   - instruction: what precedes each query; empty for nothing.
    ///   - maximumLength: the most ids of the text that has the query.
    package init(
        _ format: ChatFormat, tokenizer: Tokenizer, instruction: String, maximumLength: Int
    ) {
        self.tokenizer = tokenizer
        self.instruction = instruction
        self.maximumLength = maximumLength
        var before = Self.sections(of: format.before, tokenizer)
        var after = Self.sections(of: format.after, tokenizer)
        opening = if case .text(let text)? = before.last { text } else { "" }
        if !opening.isEmpty { before.removeLast() }
        closing = if case .text(let text)? = after.first { text } else { "" }
        if !closing.isEmpty { after.removeFirst() }
        func ids(_ sections: [Tokenizer.MarkedSection]) -> [Int32] {
            sections.flatMap { section in
                switch section {
                case .token(let id): [id]
                case .text(let text): tokenizer.encode(text)
                }
            }
        }
        (self.before, self.after) = (ids(before), ids(after))
    }

    private static func sections(
        of text: String, _ tokenizer: Tokenizer
    ) -> [Tokenizer.MarkedSection] {
        var sections: [Tokenizer.MarkedSection] = []
        for (place, part) in ChatFormat.split(text, at: ChatFormat.beginning).enumerated() {
            if place > 0, let id = tokenizer.bosID { sections.append(.token(id)) }
            sections += tokenizer.sections(ofMarked: part)
        }
        return sections
    }

    /// The ids that the model continues with its answer.
    package func tokens(for query: String) -> [Int32] {
        let text = opening + instruction + query.trimmingWhiteSpace() + closing
        return before + tokenizer.encode(text).prefix(maximumLength) + after
    }
}
