import Foundation

/// Reads JSON (RFC 8259) in one pass over UTF-8 that has been checked before.
///
/// Whole values come as `JSONValue`; a caller that knows what it looks for walks an object member
/// by member instead:
///
///     try reader.enterObject()
///     while let key = try reader.nextKey() { … try reader.string() … }
///     try reader.end()
///
/// - Strict: no comments, trailing commas, leading zeros, bare control characters or infinities.
/// - Of a key given twice the last value counts.
/// - A lone surrogate escape and `\u0000` become U+FFFD: neither can be stored as text.
/// - Nesting is bounded, so that hostile input cannot exhaust the stack.
struct JSONReader {
    private let bytes: UnsafeBufferPointer<UInt8>
    private(set) var position = 0
    private var depth = 0
    /// The next key is the first of its object.
    private var isAtFirstKey = false

    static let maximumDepth = 512

    /// Where the text stops being JSON.
    struct Failure: Error, Equatable {
        /// Bytes before the fault.
        let offset: Int
        /// What was expected there, as a noun phrase: `a value`, `'}' or ','`.
        let expected: String
    }

    init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    func failure(_ expected: String) -> Failure { Failure(offset: position, expected: expected) }

    // MARK: Walking

    /// The first byte of the next token, 0 at the end.
    mutating func peek() -> UInt8 {
        while position < bytes.count {
            switch bytes[position] {
            case 32, 9, 10, 13: position += 1
            default: return bytes[position]
            }
        }
        return 0
    }

    /// Makes sure that nothing but white space follows.
    mutating func end() throws(Failure) {
        _ = peek()
        if position < bytes.count { throw failure("the end of the line") }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else {
            return false
        }
        position += 1
        return true
    }

    mutating func enterObject() throws(Failure) {
        _ = peek()
        guard take("{") else { throw failure("'{'") }
        try descend()
        isAtFirstKey = true
    }

    /// The next member's key, the colon read; `nil` once the object is closed.
    mutating func nextKey() throws(Failure) -> String? {
        let next = peek()
        if next == UInt8(ascii: "}") {
            position += 1
            depth -= 1
            isAtFirstKey = false
            return nil
        }
        if !isAtFirstKey {
            guard take(",") else { throw failure("'}' or ','") }
            _ = peek()
        }
        isAtFirstKey = false
        guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
            throw failure("a key in double quotes")
        }
        let key = try string()
        _ = peek()
        guard take(":") else { throw failure("':'") }
        return key
    }

    private mutating func descend() throws(Failure) {
        depth += 1
        if depth > Self.maximumDepth { throw failure("at most \(Self.maximumDepth) levels") }
    }

    // MARK: Values

    mutating func value() throws(Failure) -> JSONValue {
        switch peek() {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func word(_ word: StaticString, _ value: JSONValue) throws(Failure)
        -> JSONValue
    {
        let length = word.utf8CodeUnitCount
        guard position + length <= bytes.count,
            memcmp(bytes.baseAddress! + position, word.utf8Start, length) == 0
        else { throw failure("a value") }
        position += length
        return value
    }

    private mutating func object() throws(Failure) -> JSONValue {
        try enterObject()
        var members: [String: JSONValue] = [:]
        while let key = try nextKey() { members[key] = try value() }
        return .object(members)
    }

    private mutating func array() throws(Failure) -> JSONValue {
        var values: [JSONValue] = []
        try elements { (reader) throws(Failure) in values.append(try reader.value()) }
        return .array(values)
    }

    /// Reads an array, calling `element` at the start of each.
    private mutating func elements(
        _ element: (inout JSONReader) throws(Failure) -> Void
    ) throws(Failure) {
        _ = peek()
        guard take("[") else { throw failure("'['") }
        try descend()
        if peek() == UInt8(ascii: "]") {
            position += 1
        } else {
            repeat {
                try element(&self)
                _ = peek()
            } while take(",")
            guard take("]") else { throw failure("']' or ','") }
        }
        depth -= 1
    }

    /// An array of numbers.
    mutating func floats(reserving count: Int = 0) throws(Failure) -> [Float] {
        var values: [Float] = []
        values.reserveCapacity(count)
        try elements { (reader) throws(Failure) in
            _ = reader.peek()
            values.append(Float(try reader.decimal().double))
        }
        return values
    }

    // MARK: Numbers

    private mutating func number() throws(Failure) -> JSONValue {
        let decimal = try decimal()
        return decimal.integer.map { .integer($0) } ?? .number(decimal.double)
    }

    private struct Decimal {
        var double: Double
        /// Where it is written without fraction and exponent, and fits.
        var integer: Int64?
    }

    /// -? digits [. digits] [e digits], without leading zeros.
    ///
    /// A mantissa below 2^53 times or over a power of ten up to 10^22 is exact in one operation
    /// (Clinger 1990); whatever is longer goes the slow way.
    private mutating func decimal() throws(Failure) -> Decimal {
        let start = position
        let isNegative = take("-")
        let firstDigit = position
        var mantissa: UInt64 = 0
        var exponent = 0
        func digit(_ reader: borrowing JSONReader) -> UInt8? {
            guard reader.position < reader.bytes.count else { return nil }
            let value = reader.bytes[reader.position] &- 48
            return value < 10 ? value : nil
        }
        while let value = digit(self) {
            mantissa = mantissa &* 10 &+ UInt64(value)
            position += 1
        }
        var digits = position - firstDigit
        if digits == 0 {
            position = start
            throw failure("a value")
        }
        if digits > 1, bytes[firstDigit] == 48 {
            position = firstDigit
            throw failure("a number without a leading zero")
        }
        var isInteger = true
        if take(".") {
            isInteger = false
            let fraction = position
            while let value = digit(self) {
                mantissa = mantissa &* 10 &+ UInt64(value)
                position += 1
            }
            if position == fraction { throw failure("a digit") }
            exponent = fraction - position
            digits -= exponent
        }
        if take("e") || take("E") {
            isInteger = false
            let isDown = take("-")
            if !isDown { _ = take("+") }
            let first = position
            var power = 0
            while let value = digit(self) {
                power = min(power * 10 + Int(value), 100_000)
                position += 1
            }
            if position == first { throw failure("a digit") }
            exponent += isDown ? -power : power
        }
        if digits <= 18, isInteger {
            let value = Int64(mantissa)
            return Decimal(
                double: isNegative ? -Double(value) : Double(value),
                integer: isNegative ? -value : value)
        }
        if digits <= 19, mantissa < 1 << 53, abs(exponent) <= 22 {
            let scale = Self.powersOfTen[abs(exponent)]
            let value = exponent < 0 ? Double(mantissa) / scale : Double(mantissa) * scale
            return Decimal(double: isNegative ? -value : value, integer: nil)
        }
        return try longDecimal(start: start, isInteger: isInteger)
    }

    private mutating func longDecimal(start: Int, isInteger: Bool) throws(Failure) -> Decimal {
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        guard let value = Double(text), value.isFinite else {
            position = start
            throw failure("a number within a double's range")
        }
        return Decimal(double: value, integer: isInteger ? Int64(text) : nil)
    }

    private static let powersOfTen: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
        1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ]

    // MARK: Strings

    mutating func string() throws(Failure) -> String {
        _ = peek()
        guard take("\"") else { throw failure("a string") }
        let start = position
        skipPlain()
        if take("\"") { return String(decoding: bytes[start..<position - 1], as: UTF8.self) }
        var result = Array(bytes[start..<position])
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                position += 1
                return String(decoding: result, as: UTF8.self)
            case UInt8(ascii: "\\"): try escape(into: &result)
            case 0..<32: throw failure("an escape in place of a control character")
            default:
                let start = position
                skipPlain()
                result.append(contentsOf: bytes[start..<position])
            }
        }
        throw failure("the closing '\"'")
    }

    /// Passes over bytes that need no attention in a string, eight at a time: all but control
    /// characters, quotes and backslashes.
    private mutating func skipPlain() {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let tops: UInt64 = 0x8080_8080_8080_8080
        let raw = UnsafeRawBufferPointer(bytes)
        while position + 8 <= bytes.count {
            let word = raw.loadUnaligned(fromByteOffset: position, as: UInt64.self)
            let quote = word ^ (ones &* 0x22)
            let backslash = word ^ (ones &* 0x5C)
            let found =
                ((word &- ones &* 0x20) & ~word) | ((quote &- ones) & ~quote)
                | ((backslash &- ones) & ~backslash)
            if found & tops != 0 { break }
            position += 8
        }
        while position < bytes.count {
            let byte = bytes[position]
            if byte < 32 || byte == 0x22 || byte == 0x5C { return }
            position += 1
        }
    }

    private mutating func escape(into result: inout [UInt8]) throws(Failure) {
        position += 1
        guard position < bytes.count else { throw failure("an escape") }
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): result.append(byte)
        case UInt8(ascii: "b"): result.append(8)
        case UInt8(ascii: "f"): result.append(12)
        case UInt8(ascii: "n"): result.append(10)
        case UInt8(ascii: "r"): result.append(13)
        case UInt8(ascii: "t"): result.append(9)
        case UInt8(ascii: "u"):
            let scalar = try unicodeEscape()
            result.append(
                contentsOf: String(Character(scalar.value == 0 ? "\u{FFFD}" : scalar)).utf8)
        default:
            position -= 1
            throw failure("an escape (one of \" \\ / b f n r t u)")
        }
    }

    /// The scalar of `uXXXX`, or of the surrogate pair that begins there; the `u` has been read.
    private mutating func unicodeEscape() throws(Failure) -> Unicode.Scalar {
        let high = try fourHexadecimalDigits()
        if let scalar = Unicode.Scalar(high) { return scalar }
        let mark = position
        if high < 0xDC00, take("\\"), take("u") {
            let low = try fourHexadecimalDigits()
            if (0xDC00..<0xE000).contains(low) {
                return Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
                    ?? "\u{FFFD}"
            }
        }
        position = mark
        return "\u{FFFD}"
    }

    private mutating func fourHexadecimalDigits() throws(Failure) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard position < bytes.count, let digit = hexadecimalDigit(bytes[position]) else {
                throw failure("four hexadecimal digits")
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    private func hexadecimalDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 48...57: byte - 48
        case 65...70: byte - 55
        case 97...102: byte - 87
        default: nil
        }
    }
}
