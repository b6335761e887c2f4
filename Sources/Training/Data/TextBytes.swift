/// A text as its bytes: two texts that are equal for a reader of Unicode, but not written alike, are
/// different ones to a tokenizer.
package struct TextBytes: Hashable, Sendable {
    private let bytes: [UInt8]

    package init(_ text: String) { bytes = Array(text.utf8) }
}
