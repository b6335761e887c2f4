/// The id of a query or a document: equal and ordered by its bytes, as in trec_eval.
///
/// Swift compares strings by canonical equivalence, so that an `é` in one code point equals one in
/// two, and orders them by their normal form. Ids are bytes: `strcmp` decides ties in a ranking.
public struct Identifier: Hashable, Comparable, Sendable, ExpressibleByStringLiteral,
    CustomStringConvertible
{
    public let text: String

    public init(_ text: String) {
        self.text = text
    }

    public init(stringLiteral text: String) {
        self.text = text
    }

    public var description: String { text }

    public static func == (one: Identifier, other: Identifier) -> Bool {
        one.text.utf8.elementsEqual(other.text.utf8)
    }

    public static func < (one: Identifier, other: Identifier) -> Bool {
        one.text.utf8.lexicographicallyPrecedes(other.text.utf8)
    }

    public func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        hasher.combine(0xFF as UInt8)
    }
}
