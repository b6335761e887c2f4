/// Decodes ids one by one, as a model generates them.
///
/// A token may end inside a character, and its text may depend on the token before it. The last
/// tokens are therefore decoded together again, and the text that they add is returned once it is
/// complete.
package struct StreamingDecoder {
    private let tokenizer: Tokenizer
    private let skipsSpecialTokens: Bool
    /// The ids that the last returned text came from, and those since.
    private var window: [Int32] = []
    /// The number of ids in the window whose text has been returned, and that text.
    private var given = 0
    private var givenText = ""

    /// A character has at most four bytes, each of which may be a token. A much longer window
    /// contains bytes that are not UTF-8, and is returned as it is.
    private static let longestWindow = 32

    package init(_ tokenizer: Tokenizer, skippingSpecialTokens: Bool = true) {
        self.tokenizer = tokenizer
        skipsSpecialTokens = skippingSpecialTokens
    }

    /// Returns the text that this id completes; empty while a character is incomplete.
    package mutating func append(_ id: Int32) -> String {
        window.append(id)
        let text = decoded(window)
        if text.unicodeScalars.last == "\u{FFFD}", window.count - given < Self.longestWindow {
            return ""
        }
        return give(text)
    }

    /// Returns the rest after the last id: incomplete characters as U+FFFD.
    package mutating func finish() -> String {
        give(decoded(window))
    }

    private func decoded(_ ids: [Int32]) -> String {
        tokenizer.decode(ids, skippingSpecialTokens: skipsSpecialTokens)
    }

    private mutating func give(_ text: String) -> String {
        let added = String(decoding: text.utf8.dropFirst(givenText.utf8.count), as: UTF8.self)
        window.removeFirst(given)
        given = window.count
        givenText = decoded(window)
        return added
    }
}
