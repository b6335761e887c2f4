/// An integer that does not fit 64 bits, kept as its decimal digits.
///
/// JSON allows integers of any length, and databases and blockchains produce them. As doubles they
/// would be rounded, and different ids could become equal.
public struct LargeInteger: Hashable, Sendable {
    /// An optional minus sign and decimal digits without leading zeros.
    public let description: String

    /// Parses an integer; `nil` if `text` is not one, has leading zeros or a plus sign, or fits an
    /// `Int64`.
    public init?(_ text: String) {
        let digits = text.utf8.drop { $0 == UInt8(ascii: "-") }
        guard text.utf8.count - digits.count <= 1, let first = digits.first,
            first != UInt8(ascii: "0"), Int64(text) == nil,
            digits.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 })
        else { return nil }
        description = text
    }

    /// Whether the integer is negative.
    public var isNegative: Bool { description.utf8.first == UInt8(ascii: "-") }

    /// The nearest double; infinite beyond the range of doubles.
    public var doubleValue: Double {
        Double(description) ?? (isNegative ? -.infinity : .infinity)
    }
}

extension LargeInteger: Comparable, LosslessStringConvertible {
    /// Compares by value.
    public static func < (one: LargeInteger, other: LargeInteger) -> Bool {
        guard one.isNegative == other.isNegative else { return one.isNegative }
        let (smaller, larger) = one.isNegative ? (other, one) : (one, other)
        let (a, b) = (smaller.description.utf8, larger.description.utf8)
        return a.count == b.count ? a.lexicographicallyPrecedes(b) : a.count < b.count
    }
}
