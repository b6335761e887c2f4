/// A JSON syntax error: its place and kind.
public struct JSONError: Error, Hashable, Sendable {
    /// The kind of fault.
    public enum Reason: Hashable, Sendable {
        /// The bytes end inside a value.
        case unexpectedEnd
        /// A byte that is not allowed there.
        case unexpectedByte(UInt8)
        /// A malformed number, or one beyond a double's range.
        case invalidNumber
        /// An unknown escape, or a control character that is not escaped.
        case invalidString
        /// A string that is not valid UTF-8.
        case notUTF8
        /// A surrogate escape such as `\ud800` without its other half.
        case loneSurrogate
        /// `\u0000`, if the reader refuses it.
        case nullCharacter
        /// An object with a repeated key.
        case repeatedKey(String)
        /// More levels of nested objects and arrays than the reader allows.
        case tooDeep(maximum: Int)
        /// The value is followed by something else than white space.
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
    /// The offset of the fault in bytes, from 0.
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
    /// A noun phrase such as `a value` or `'}' or ','`.
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
    /// The fault without its place, such as `expected a value` or `the key "a" appears twice`.
    public var problem: String {
        switch reason {
        case .notUTF8: "not UTF-8"
        case .loneSurrogate: "half of a surrogate pair, which is not a character"
        case .nullCharacter: "the character \\u0000"
        case .repeatedKey(let key): "the key \"\(key)\" appears twice"
        case .tooDeep(let maximum): "nested more than \(maximum) deep"
        case .trailingBytes: "something follows the value"
        case .unexpectedEnd, .unexpectedByte, .invalidNumber, .invalidString:
            "expected \(expected)"
        }
    }

    /// The fault and its place: `expected a value at byte 7`, counted from 1.
    public var description: String { "\(problem) at byte \(offset + 1)" }
}
