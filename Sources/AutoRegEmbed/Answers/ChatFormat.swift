/// How a model is asked: a text in which `{query}` stands for the question, exactly once, and
/// `{bos}` for the token that begins a text.
///
///     <|im_start|>user\n{query}<|im_end|>\n<|im_start|>assistant\n
///
/// The format's own characters may name control tokens; a query's never do.
package struct ChatFormat: Sendable, Equatable {
    package let source: String
    /// The text before and after `{query}`.
    let before: String
    let after: String

    /// For a model without a chat format.
    package static let plain = ChatFormat(before: "{bos}", after: "\n")

    static let beginning = "{bos}"
    static let query = "{query}"

    /// - Returns: nil unless `{query}` occurs exactly once.
    package init?(_ source: String) {
        let parts = Self.split(source, at: Self.query)
        guard parts.count == 2 else { return nil }
        self.init(before: parts[0], after: parts[1])
    }

    /// The parts of a text between the occurrences of a placeholder, compared by bytes.
    static func split(_ text: String, at placeholder: String) -> [String] {
        text.utf8.split(separator: placeholder.utf8, omittingEmptySubsequences: false).map {
            String(Substring($0))
        }
    }

    init(before: String, after: String) {
        (self.before, self.after) = (before, after)
        source = before + Self.query + after
    }
}
