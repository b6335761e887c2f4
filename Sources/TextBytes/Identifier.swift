/// Text that identifies something, such as the id of a document, a key or a token: equal and ordered
/// by its UTF-8 bytes.
///
/// Swift's `String` compares by canonical equivalence: an `é` in one code point equals one in two,
/// and both are ordered by their normal form. That is right for prose and wrong for identifiers,
/// which files, SQLite and other programs compare by bytes. Every `Dictionary` and `Set` whose keys
/// identify something is keyed by this type, and so is every comparison.
public struct Identifier: Hashable, Comparable, Sendable, ExpressibleByStringLiteral,
    CustomStringConvertible
{
    /// The text itself.
    public let text: String

    /// The identifier that `text` is.
    public init(_ text: String) {
        self.text = text
    }

    /// The identifier that the literal is.
    public init(stringLiteral text: String) {
        self.text = text
    }

    /// The text itself.
    public var description: String { text }

    /// Whether both have the same bytes.
    @inlinable
    public static func == (one: Identifier, other: Identifier) -> Bool {
        one.text.hasSameBytes(as: other.text)
    }

    /// By the bytes' values, as `strcmp` and SQLite's BINARY collation order.
    public static func < (one: Identifier, other: Identifier) -> Bool {
        one.text.precedesByBytes(other.text)
    }

    /// Hashes the bytes.
    public func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        hasher.combine(0xFF as UInt8)
    }
}

extension String {
    /// Whether both have the same UTF-8 bytes, which `==` does not ask.
    @inlinable
    public func hasSameBytes(as other: String) -> Bool {
        utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8)
    }

    /// Whether the text begins with `prefix`'s UTF-8 bytes. `hasPrefix` compares characters: to it no
    /// path begins with "notes/" if the next name begins with a combining mark.
    public func startsWithBytes(of prefix: String) -> Bool {
        utf8.starts(with: prefix.utf8)
    }

    /// The parts between slashes, none of them empty. A slash is a byte: a combining mark behind it
    /// does not make another character of it.
    public var pathComponents: [Substring] {
        utf8.split(separator: UInt8(ascii: "/")).map { Substring($0) }
    }

    /// Whether the UTF-8 bytes come before `other`'s.
    public func precedesByBytes(_ other: String) -> Bool {
        utf8.lexicographicallyPrecedes(other.utf8)
    }
}
