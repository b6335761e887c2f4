/// Text from ids that come one by one, as a model generates them.
///
/// A token may end within a character, and what a token reads as may depend on the one before it;
/// so the last tokens are decoded again together, and what they add is given out once it is whole.
package struct StreamingDecoder {
    private let tokenizer: Tokenizer
    private let skipsSpecialTokens: Bool
    /// The ids since the last text that was given out, and those it came from.
    private var window: [Int32] = []
    /// How many of the window's ids have been given out, and as what.
    private var given = 0
    private var givenText = ""

    /// A character has at most four bytes, each of which may be a token. A window that grows far
    /// beyond that holds bytes that will never be text, and is given out as it is.
    private static let longestWindow = 32

    package init(_ tokenizer: Tokenizer, skippingSpecialTokens: Bool = true) {
        self.tokenizer = tokenizer
        skipsSpecialTokens = skippingSpecialTokens
    }

    /// The text that this id completes; empty while a character is unfinished.
    package mutating func append(_ id: Int32) -> String {
        window.append(id)
        let text = decoded(window)
        if text.unicodeScalars.last == "\u{FFFD}", window.count - given < Self.longestWindow {
            return ""
        }
        return give(text)
    }

    /// What is left when no more ids come: unfinished characters, as U+FFFD.
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
