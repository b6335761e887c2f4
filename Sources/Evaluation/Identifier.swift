/// The id of a query or a document: equal and ordered by its bytes, as in trec_eval.
///
/// Swift compares strings by canonical equivalence: an `é` of one code point equals one of two. Ids
/// are bytes, and `strcmp` decides ties in a ranking.
public struct Identifier: Hashable, Comparable, Sendable, ExpressibleByStringLiteral,
    CustomStringConvertible
{
    /// The id as the file has it.
    public let text: String

    /// Makes an id of a text, which is kept as it is.
    public init(_ text: String) {
        self.text = text
    }

    public init(stringLiteral text: String) {
        self.text = text
    }

    public var description: String { text }

    /// Whether two ids have the same UTF-8 bytes.
    public static func == (one: Identifier, other: Identifier) -> Bool {
        one.text.utf8.elementsEqual(other.text.utf8)
    }

    /// Whether an id comes first in the order of UTF-8 bytes.
    public static func < (one: Identifier, other: Identifier) -> Bool {
        one.text.utf8.lexicographicallyPrecedes(other.text.utf8)
    }

    /// Hashes the UTF-8 bytes.
    public func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        hasher.combine(0xFF as UInt8)
    }
}
