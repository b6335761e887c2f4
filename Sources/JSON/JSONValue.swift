import TextBytes

/// A JSON value, for documents' metadata and models' settings.
///
/// Integers keep every digit; other numbers are doubles, printed in the shortest form that reads
/// back as the same double. Strings and keys are compared by their bytes. Values can be written as
/// literals:
///
/// ```swift
/// let metadata: JSONObject = ["lang": "en", "year": 2024, "tags": ["a", "b"]]
/// ```
public enum JSONValue: Sendable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// An integer that fits 64 bits.
    case integer(Int64)
    /// An integer that does not fit 64 bits.
    case largeInteger(LargeInteger)
    /// A number written with a fraction or an exponent.
    case number(Double)
    /// A string.
    case string(String)
    /// An array of values.
    case array([JSONValue])
    /// An object.
    case object(JSONObject)
}

extension JSONValue: Hashable {
    /// Whether both are the same value of the same kind: `1` and `1.0` differ. Strings are compared
    /// by their bytes, objects without regard to order.
    public static func == (one: JSONValue, other: JSONValue) -> Bool {
        switch (one, other) {
        case (.null, .null): true
        case (.bool(let one), .bool(let other)): one == other
        case (.integer(let one), .integer(let other)): one == other
        case (.largeInteger(let one), .largeInteger(let other)): one == other
        case (.number(let one), .number(let other)): one == other
        case (.string(let one), .string(let other)): one.hasSameBytes(as: other)
        case (.array(let one), .array(let other)): one == other
        case (.object(let one), .object(let other)): one == other
        default: false
        }
    }

    /// Hashes consistently with `==`.
    public func hash(into hasher: inout Hasher) {
        switch self {
        case .null: hasher.combine(0)
        case .bool(let value): hasher.combine(value)
        case .integer(let value): hasher.combine(value)
        case .largeInteger(let value): hasher.combine(value)
        case .number(let value): hasher.combine(value)
        case .string(let value): hasher.combine(Identifier(value))
        case .array(let values): hasher.combine(values)
        case .object(let members): hasher.combine(members)
        }
    }
}

extension JSONValue: ExpressibleByBooleanLiteral,
    ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByStringLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// Creates a boolean.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// Creates an integer.
    public init(integerLiteral value: Int64) { self = .integer(value) }
    /// Creates a number.
    public init(floatLiteral value: Double) { self = .number(value) }
    /// Creates a string.
    public init(stringLiteral value: String) { self = .string(value) }
    /// Creates an array.
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    /// Creates an object. If a key occurs twice, the last value counts.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(JSONObject(elements))
    }
}

extension JSONValue {
    /// Creates an integer of any size.
    public init(_ value: some BinaryInteger) {
        if let small = Int64(exactly: value) {
            self = .integer(small)
        } else {
            self = LargeInteger(String(value)).map { .largeInteger($0) } ?? .number(Double(value))
        }
    }

    /// The string; `nil` if this is not one.
    public var stringValue: String? { if case .string(let value) = self { value } else { nil } }

    /// The boolean; `nil` if this is not one.
    public var boolValue: Bool? { if case .bool(let value) = self { value } else { nil } }

    /// The integer, also if it is written with a fraction of zero (`2.0`); `nil` if this is not one
    /// or does not fit an `Int`.
    public var integerValue: Int? {
        switch self {
        case .integer(let value): Int(exactly: value)
        case .number(let value): Int(exactly: value)
        default: nil
        }
    }

    /// The number, rounded to the nearest double; `nil` if this is not one.
    public var doubleValue: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .largeInteger(let value): value.doubleValue
        case .number(let value): value
        default: nil
        }
    }

    /// The elements; `nil` if this is not an array.
    public var arrayValue: [JSONValue]? { if case .array(let value) = self { value } else { nil } }

    /// The members; `nil` if this is not an object.
    public var objectValue: JSONObject? { if case .object(let value) = self { value } else { nil } }

    /// The value of a key; `nil` if this is not an object or does not have the key.
    public subscript(key: String) -> JSONValue? { objectValue?[key] }
}

extension JSONValue: CustomStringConvertible {
    /// ``jsonText``.
    public var description: String { jsonText }
}
