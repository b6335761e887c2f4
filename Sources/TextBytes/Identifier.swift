/// Text that identifies something, such as a document id, a key or a token. It is compared and
/// ordered by its UTF-8 bytes.
///
/// Swift's `String` compares by canonical equivalence: an `é` as one code point equals an `é` as
/// two, and both are ordered by their normal form. That is right for prose and wrong for
/// identifiers, which files, SQLite and other programs compare by bytes. Use this type for keys of
/// dictionaries and sets, and for comparisons.
public struct Identifier: Hashable, Comparable, Sendable, ExpressibleByStringLiteral,
    CustomStringConvertible
{
    /// The text itself.
    public let text: String

    /// Creates an identifier; `text` is not changed or normalized.
    public init(_ text: String) {
        self.text = text
    }

    /// Creates an identifier from a literal.
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

    /// Orders by the bytes' values, as `strcmp` and SQLite's BINARY collation do.
    public static func < (one: Identifier, other: Identifier) -> Bool {
        one.text.precedesByBytes(other.text)
    }

    /// Hashes the UTF-8 bytes.
    public func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        hasher.combine(0xFF as UInt8)
    }
}

extension String {
    /// Whether both have the same UTF-8 bytes. (`==` compares by canonical equivalence.)
    @inlinable
    public func hasSameBytes(as other: String) -> Bool {
        utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8)
    }

    /// Whether the UTF-8 bytes begin with those of `prefix`. (`hasPrefix` compares characters: for
    /// it, no path begins with "notes/" if the next name begins with a combining mark.)
    public func startsWithBytes(of prefix: String) -> Bool {
        utf8.starts(with: prefix.utf8)
    }

    /// The nonempty parts between slashes. A slash is a byte here; for Swift, a slash followed by a
    /// combining mark is another character.
    public var pathComponents: [Substring] {
        utf8.split(separator: UInt8(ascii: "/")).map { Substring($0) }
    }

    /// Whether the UTF-8 bytes come before those of `other`, in lexicographic order.
    public func precedesByBytes(_ other: String) -> Bool {
        utf8.lexicographicallyPrecedes(other.utf8)
    }
}
