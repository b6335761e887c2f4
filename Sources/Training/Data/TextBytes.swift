/// A text compared by its bytes: a tokenizer distinguishes texts that are canonically equal in
/// Unicode but encoded differently.
package struct TextBytes: Hashable, Sendable {
    private let bytes: [UInt8]

    package init(_ text: String) { bytes = Array(text.utf8) }
}
