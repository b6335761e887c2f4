/// Where and why bytes are not the JSON that is accepted.
public struct JSONError: Error, Hashable, Sendable {
    /// The kind of fault.
    public enum Reason: Hashable, Sendable {
        /// The bytes end inside a value.
        case unexpectedEnd
        /// A byte that cannot be there.
        case unexpectedByte(UInt8)
        /// A number that is not one, or is beyond a double's range.
        case invalidNumber
        /// An unknown escape, or a control character that is not escaped.
        case invalidString
        /// A string's bytes are not UTF-8.
        case notUTF8
        /// `\ud800` and the like without its other half, which no text can hold.
        case loneSurrogate
        /// `\u0000`, if the reader refuses it.
        case nullCharacter
        /// An object has the key twice.
        case repeatedKey(String)
        /// More objects and arrays in one another than the reader allows.
        case tooDeep(maximum: Int)
        /// Something follows the value.
        case trailingBytes
    }

    /// What was expected at the fault.
    public enum Expectation: Hashable, Sendable {
        case value, digit, object, array, string, key, colon, escape
        case numberWithoutLeadingZero, numberInRange, escapedControlCharacter, closingQuote
        case hexadecimalDigits, otherSurrogate, utf8, distinctKeys, nesting, end
        case characterBesidesNull
        case commaOrBrace, commaOrBracket
    }

    /// The kind of fault.
    public let reason: Reason
    /// Bytes before the fault.
    public let offset: Int
    /// What was expected there.
    public let expected: Expectation

    package init(reason: Reason, offset: Int, expected: Expectation) {
        self.reason = reason
        self.offset = offset
        self.expected = expected
    }
}

extension JSONError.Expectation: CustomStringConvertible {
    /// A noun phrase: `a value`, `'}' or ','`.
    public var description: String {
        switch self {
        case .value: "a value"
        case .digit: "a digit"
        case .object: "'{'"
        case .array: "'['"
        case .string: "a string"
        case .key: "a key in double quotes"
        case .colon: "':'"
        case .escape: #"an escape (one of " \ / b f n r t u)"#
        case .numberWithoutLeadingZero: "a number without a leading zero"
        case .numberInRange: "a number within a double's range"
        case .escapedControlCharacter: "an escape in place of a control character"
        case .closingQuote: "the closing '\"'"
        case .hexadecimalDigits: "four hexadecimal digits"
        case .otherSurrogate: "the other half of a surrogate pair"
        case .utf8: "UTF-8"
        case .distinctKeys: "each key once"
        case .nesting: "fewer levels"
        case .end: "the end of the text"
        case .characterBesidesNull: "another character than \\u0000"
        case .commaOrBrace: "'}' or ','"
        case .commaOrBracket: "']' or ','"
        }
    }
}

extension JSONError: CustomStringConvertible {
    /// The fault without its place: `expected a value`, `the key "a" appears twice`.
    public var problem: String {
        switch reason {
        case .notUTF8: "not UTF-8"
        case .loneSurrogate: "half of a surrogate pair, which is no character"
        case .nullCharacter: "the character \\u0000"
        case .repeatedKey(let key): "the key \"\(key)\" appears twice"
        case .tooDeep(let maximum): "nested more than \(maximum) deep"
        case .trailingBytes: "something follows the value"
        case .unexpectedEnd, .unexpectedByte, .invalidNumber, .invalidString:
            "expected \(expected)"
        }
    }

    /// The fault and its place, counted from 1.
    public var description: String { "\(problem) at byte \(offset + 1)" }
}
