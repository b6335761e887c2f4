/// Reads JSON (RFC 8259) from UTF-8 in one pass.
///
/// Strict: no comments, no trailing commas, no bare words, one value and nothing after it. Bytes
/// that are not UTF-8 become U+FFFD; a lone surrogate escape does, too. Nesting deeper than
/// ``maximumDepth`` is refused, so that hostile input cannot exhaust the stack. A key that appears
/// twice keeps its last value.
package struct JSONParser {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0

    package static let maximumDepth = 512

    /// Where the text stops being JSON, and why.
    package struct Failure: Error, Equatable {
        /// Bytes before the fault.
        package let offset: Int
        /// What was expected, as a noun phrase: "a value", "'}' or ','".
        package let expected: String
    }

    package static func parse(_ text: String) throws(Failure) -> JSONValue {
        try parse([UInt8](text.utf8))
    }

    package static func parse(_ bytes: [UInt8]) throws(Failure) -> JSONValue {
        let result: Result<JSONValue, Failure> = bytes.withUnsafeBufferPointer { buffer in
            do throws(Failure) { return .success(try parse(buffer)) } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    package static func parse(_ bytes: UnsafeBufferPointer<UInt8>) throws(Failure) -> JSONValue {
        var parser = JSONParser(bytes: bytes)
        let value = try parser.value(depth: 0)
        parser.skipSpace()
        if parser.position < bytes.count { throw parser.failure("the end") }
        return value
    }

    private init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    private func failure(_ expected: String) -> Failure {
        Failure(offset: position, expected: expected)
    }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 32, 9, 10, 13: position += 1
            default: return
            }
        }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard current == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func value(depth: Int) throws(Failure) -> JSONValue {
        guard depth < Self.maximumDepth else { throw failure("less nesting") }
        skipSpace()
        switch current {
        case UInt8(ascii: "{"): return .object(try object(depth: depth))
        case UInt8(ascii: "["): return .array(try array(depth: depth))
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func word(_ word: String, _ value: JSONValue) throws(Failure) -> JSONValue {
        for byte in word.utf8 {
            guard current == byte else { throw failure("'\(word)'") }
            position += 1
        }
        return value
    }

    private mutating func object(depth: Int) throws(Failure) -> [String: JSONValue] {
        position += 1
        var result: [String: JSONValue] = [:]
        skipSpace()
        if take("}") { return result }
        while true {
            skipSpace()
            guard current == UInt8(ascii: "\"") else { throw failure("a key") }
            let key = try string()
            skipSpace()
            guard take(":") else { throw failure("':'") }
            result[key] = try value(depth: depth + 1)
            skipSpace()
            if take("}") { return result }
            guard take(",") else { throw failure("'}' or ','") }
        }
    }

    private mutating func array(depth: Int) throws(Failure) -> [JSONValue] {
        position += 1
        var result: [JSONValue] = []
        skipSpace()
        if take("]") { return result }
        while true {
            result.append(try value(depth: depth + 1))
            skipSpace()
            if take("]") { return result }
            guard take(",") else { throw failure("']' or ','") }
        }
    }

    /// -? digits [. digits] [e digits], no leading zeros.
    private mutating func number() throws(Failure) -> JSONValue {
        let start = position
        _ = take("-")
        let firstDigit = position
        let digits = skipDigits()
        guard digits > 0 else {
            position = start
            throw failure("a value")
        }
        guard digits == 1 || bytes[firstDigit] != UInt8(ascii: "0") else {
            position = firstDigit
            throw failure("a number without a leading zero")
        }
        var isInteger = true
        if take(".") {
            isInteger = false
            guard skipDigits() > 0 else { throw failure("a digit") }
        }
        if take("e") || take("E") {
            isInteger = false
            _ = take("+") || take("-")
            guard skipDigits() > 0 else { throw failure("a digit") }
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isInteger, let integer = Int64(text) { return .integer(integer) }
        guard let number = Double(text), number.isFinite else {
            position = start
            throw failure("a number within a double's range")
        }
        return .number(number)
    }

    private mutating func skipDigits() -> Int {
        let start = position
        while let byte = current, (48...57).contains(byte) { position += 1 }
        return position - start
    }

    private mutating func string() throws(Failure) -> String {
        position += 1
        let start = position
        // Most strings have no escapes: those are decoded in one go.
        while let byte = current, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"),
            byte >= 32
        {
            position += 1
        }
        if take("\"") { return String(decoding: bytes[start..<position - 1], as: UTF8.self) }
        var result = [UInt8](bytes[start..<position])
        while let byte = current {
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return String(decoding: result, as: UTF8.self)
            case UInt8(ascii: "\\"): try escape(into: &result)
            case 0..<32: throw failure("an escaped control character")
            default:
                result.append(byte)
                position += 1
            }
        }
        throw failure("'\"'")
    }

    private mutating func escape(into result: inout [UInt8]) throws(Failure) {
        position += 1
        guard let byte = current else { throw failure("an escape") }
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
            result.append(contentsOf: String(Character(scalar)).utf8)
        default:
            position -= 1
            throw failure("an escape")
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
            guard let byte = current, let digit = Character(Unicode.Scalar(byte)).hexDigitValue
            else { throw failure("four hexadecimal digits") }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }
}
