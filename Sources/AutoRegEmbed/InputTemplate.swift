/// How an input is put together. The template must be the one used in training, so it is stored
/// with the model, as one string.
///
///     {bos}{text}\n{instruction}\n{compressed_tokens}
///
/// A placeholder and the characters after it, up to the next placeholder, form a *segment*;
/// characters before the first placeholder belong to its segment. Each segment is tokenized
/// separately. Only text is truncated, after the fixed characters of its segment have been added.
///
///     {bos}{instruction+text}{compressed_tokens}
///
/// `{instruction+text}` is one segment: the instruction's characters, then the text without white space
/// at its ends, are one string for the tokenizer, of which the first tokens are kept.
package struct InputTemplate: Sendable, Equatable {
    package enum Part: Sendable, Equatable {
        case beginning
        case text(before: String, after: String)
        case instruction(before: String, after: String)
        case instructionAndText(before: String, after: String)
        case compressedTokens
        case literal(String)

        fileprivate var hasText: Bool {
            switch self {
            case .text, .instructionAndText: true
            case .beginning, .instruction, .compressedTokens, .literal: false
            }
        }
    }

    package static let standard = InputTemplate(
        source: "{bos}{text}\n{instruction}\n{compressed_tokens}",
        parts: [
            .beginning, .text(before: "", after: "\n"), .instruction(before: "", after: "\n"),
            .compressedTokens,
        ])

    /// LLM2Vec-Gen's.
    package static let answering = InputTemplate(
        source: "{bos}{instruction+text}{compressed_tokens}",
        parts: [.beginning, .instructionAndText(before: "", after: ""), .compressedTokens])

    package let source: String
    package let parts: [Part]

    private init(source: String, parts: [Part]) { (self.source, self.parts) = (source, parts) }

    /// Nil if a placeholder is unknown or there is none for the text.
    package init?(_ source: String) {
        var parts: [Part] = []
        var literal = ""
        var open: (name: Substring, before: String)?

        func close() {
            switch open {
            case nil: if !literal.isEmpty { parts.append(.literal(literal)) }
            case ("text", let before)?: parts.append(.text(before: before, after: literal))
            case ("instruction", let before)?:
                parts.append(.instruction(before: before, after: literal))
            case ("instruction+text", let before)?:
                parts.append(.instructionAndText(before: before, after: literal))
            case (_, _)?: break
            }
            literal = ""
            open = nil
        }

        var rest = source[...]
        while let start = rest.firstIndex(of: "{"), let end = rest[start...].firstIndex(of: "}") {
            literal += rest[..<start]
            let name = rest[rest.index(after: start)..<end]
            rest = rest[rest.index(after: end)...]
            switch name {
            case "bos", "compressed_tokens":
                close()
                parts.append(name == "bos" ? .beginning : .compressedTokens)
            case "text", "instruction", "instruction+text":
                if open == nil {
                    open = (name, literal)
                    literal = ""
                } else {
                    close()
                    open = (name, "")
                }
            default: return nil
            }
        }
        literal += rest
        close()
        guard parts.contains(where: \.hasText) else { return nil }
        self.init(source: source, parts: parts)
    }
}
