/// An integer beyond 64 bits, kept as its decimal digits.
///
/// JSON allows integers of any length, and databases and block chains produce them. A double would
/// round them, so that two ids became one.
public struct LargeInteger: Hashable, Sendable {
    /// An optional minus sign and decimal digits without leading zeros.
    public let description: String

    /// The integer that `text` is; `nil` if it is none, has leading zeros or a plus sign, or fits an
    /// `Int64`.
    public init?(_ text: String) {
        let digits = text.utf8.drop { $0 == UInt8(ascii: "-") }
        guard text.utf8.count - digits.count <= 1, let first = digits.first,
            first != UInt8(ascii: "0"), Int64(text) == nil,
            digits.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 })
        else { return nil }
        description = text
    }

    /// Whether it is below zero.
    public var isNegative: Bool { description.utf8.first == UInt8(ascii: "-") }

    /// The nearest double.
    public var doubleValue: Double {
        Double(description) ?? (isNegative ? -.infinity : .infinity)
    }
}

extension LargeInteger: Comparable, LosslessStringConvertible {
    /// By value.
    public static func < (one: LargeInteger, other: LargeInteger) -> Bool {
        guard one.isNegative == other.isNegative else { return one.isNegative }
        let (smaller, larger) = one.isNegative ? (other, one) : (one, other)
        let (a, b) = (smaller.description.utf8, larger.description.utf8)
        return a.count == b.count ? a.lexicographicallyPrecedes(b) : a.count < b.count
    }
}
