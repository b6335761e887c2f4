import Foundation

/// A pull parser for JSON (RFC 8259) over bytes in memory.
///
/// tokenizer.json reaches 17 MB, nearly all of it two regular tables; a general parser would build
/// half a million objects before the first could be looked at. This one hands out strings as bytes
/// in place where they hold no escape, and builds values only where asked to. It is strict: no
/// trailing commas, no comments, UTF-8 checked, lone surrogates refused, nesting bounded.
struct JSONReader {
    let file: String
    private let base: UnsafePointer<UInt8>
    private let count: Int
    private(set) var position = 0
    private var unescaped: [UInt8] = []

    static let deepestNesting = 128

    /// `bytes` must outlive the reader.
    init(_ bytes: UnsafeRawBufferPointer, file: String) {
        self.file = file
        count = bytes.count
        // Nothing is read where there are no bytes; the pointer only has to be one.
        base =
            bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
            ?? UnsafePointer(bitPattern: 1)!
        // A byte order mark is not JSON, but files have it.
        if count >= 3, base[0] == 0xEF, base[1] == 0xBB, base[2] == 0xBF { position = 3 }
    }

    func error(_ problem: String, at offset: Int? = nil) -> TokenizerError {
        .malformedJSON(file: file, offset: offset ?? position, problem: problem)
    }

    // MARK: Structure

    @inline(__always)
    mutating func skipSpace() {
        while position < count {
            let byte = base[position]
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
            position += 1
        }
    }

    /// The next byte that is not white space, not consumed; 0 at the end.
    @inline(__always)
    mutating func peek() -> UInt8 {
        skipSpace()
        return position < count ? base[position] : 0
    }

    @inline(__always)
    mutating func expect(_ byte: UInt8) throws(TokenizerError) {
        guard peek() == byte else {
            throw error("expected \(Character(Unicode.Scalar(byte)))")
        }
        position += 1
    }

    /// Consumes `byte` if it is next.
    @inline(__always)
    mutating func take(_ byte: UInt8) -> Bool {
        guard peek() == byte else { return false }
        position += 1
        return true
    }

    /// After an element: true where a comma announces another, false where `close` ends the list.
    @inline(__always)
    mutating func another(before close: UInt8) throws(TokenizerError) -> Bool {
        let byte = peek()
        guard byte == 0x2C || byte == close else { throw error("expected a comma or a bracket") }
        position += 1
        return byte == 0x2C
    }

    /// Nothing but white space may follow.
    mutating func end() throws(TokenizerError) {
        skipSpace()
        guard position == count else { throw error("something follows the document") }
    }

    // MARK: Strings

    /// The next string's bytes, unescaped; valid until the next call.
    mutating func stringBytes() throws(TokenizerError) -> UnsafeBufferPointer<UInt8> {
        try expect(0x22)
        let start = position
        var ascii = true
        while position < count {
            let byte = base[position]
            if byte == 0x22 {
                let slice = UnsafeBufferPointer(start: base + start, count: position - start)
                guard ascii || UTF8Text.isValid(slice) else {
                    throw error("not UTF-8", at: start)
                }
                position += 1
                return slice
            }
            if byte == 0x5C {
                return try unescape(from: start)
            }
            guard byte >= 0x20 else { throw error("a control character in a string") }
            if byte >= 0x80 { ascii = false }
            position += 1
        }
        throw error("a string does not end", at: start)
    }

    mutating func string() throws(TokenizerError) -> String {
        String(decoding: try stringBytes(), as: UTF8.self)
    }

    /// The slow road of `stringBytes`, from the first backslash on.
    private mutating func unescape(from start: Int) throws(TokenizerError)
        -> UnsafeBufferPointer<UInt8>
    {
        unescaped.removeAll(keepingCapacity: true)
        unescaped.append(
            contentsOf: UnsafeBufferPointer(start: base + start, count: position - start))
        while position < count {
            let byte = base[position]
            position += 1
            switch byte {
            case 0x22:
                let valid = unescaped.withUnsafeBufferPointer { UTF8Text.isValid($0) }
                guard valid else { throw error("not UTF-8", at: start) }
                // The buffer is not touched before the next call, which is as long as promised.
                return unescaped.withUnsafeBufferPointer { $0 }
            case 0x5C:
                guard position < count else { throw error("a string does not end", at: start) }
                let escape = base[position]
                position += 1
                switch escape {
                case 0x22, 0x5C, 0x2F: unescaped.append(escape)
                case 0x62: unescaped.append(0x08)
                case 0x66: unescaped.append(0x0C)
                case 0x6E: unescaped.append(0x0A)
                case 0x72: unescaped.append(0x0D)
                case 0x74: unescaped.append(0x09)
                case 0x75: UTF8Text.append(try escapedScalar(), to: &unescaped)
                default: throw error("an unknown escape", at: position - 1)
                }
            case 0..<0x20: throw error("a control character in a string", at: position - 1)
            default: unescaped.append(byte)
            }
        }
        throw error("a string does not end", at: start)
    }

    /// What follows `\u`: one scalar, of one or two code units.
    private mutating func escapedScalar() throws(TokenizerError) -> UInt32 {
        let first = try hexUnit()
        guard first & 0xF800 == 0xD800 else { return first }
        guard first < 0xDC00, position + 1 < count, base[position] == 0x5C,
            base[position + 1] == 0x75
        else { throw error("half of a surrogate pair") }
        position += 2
        let second = try hexUnit()
        guard second & 0xFC00 == 0xDC00 else { throw error("half of a surrogate pair") }
        return 0x10000 + ((first & 0x3FF) << 10 | (second & 0x3FF))
    }

    private mutating func hexUnit() throws(TokenizerError) -> UInt32 {
        guard position + 4 <= count else { throw error("a short \\u escape") }
        var unit: UInt32 = 0
        for offset in 0..<4 {
            guard let digit = Character(Unicode.Scalar(base[position + offset])).hexDigitValue
            else { throw error("a bad \\u escape") }
            unit = unit << 4 | UInt32(digit)
        }
        position += 4
        return unit
    }

    // MARK: Numbers and words

    /// The next value as an integer.
    @inline(__always)
    mutating func integer(_ field: @autoclosure () -> String) throws(TokenizerError) -> Int {
        let byte = peek()
        guard byte == 0x2D || (byte >= 0x30 && byte <= 0x39) else {
            throw .badField(field(), expected: "a whole number")
        }
        let start = position
        var end = position
        var value = 0
        while end < count, base[end] >= 0x30, base[end] <= 0x39, end - start < 18 {
            value = value * 10 + Int(base[end] - 0x30)
            end += 1
        }
        // The common case ends here: a few digits, no sign, fraction, exponent or leading zero.
        if end > start, end < count, base[start] != 0x30 || end == start + 1 {
            let next = base[end]
            if next == 0x2C || next == 0x7D || next == 0x5D || next == 0x20 || next == 0x0A {
                position = end
                return value
            }
        }
        guard case .integer(let integer) = try number() else {
            throw .badField(field(), expected: "a whole number")
        }
        return integer
    }

    private mutating func number() throws(TokenizerError) -> JSONValue {
        let start = position
        func digits(_ at: inout Int) -> Int {
            let first = at
            while at < count, base[at] >= 0x30, base[at] <= 0x39 { at += 1 }
            return at - first
        }
        var at = position
        var whole = true
        if at < count, base[at] == 0x2D { at += 1 }
        let firstDigit = at
        let integerDigits = digits(&at)
        guard integerDigits > 0, integerDigits == 1 || base[firstDigit] != 0x30 else {
            throw error("a malformed number")
        }
        if at < count, base[at] == 0x2E {
            whole = false
            at += 1
            guard digits(&at) > 0 else { throw error("a malformed number") }
        }
        if at < count, base[at] == 0x65 || base[at] == 0x45 {
            whole = false
            at += 1
            if at < count, base[at] == 0x2B || base[at] == 0x2D { at += 1 }
            guard digits(&at) > 0 else { throw error("a malformed number") }
        }
        let text = String(
            decoding: UnsafeBufferPointer(start: base + start, count: at - start), as: UTF8.self)
        position = at
        if whole, let integer = Int(text) { return .integer(integer) }
        guard let double = Double(text), double.isFinite else {
            throw error("a number too large", at: start)
        }
        return .number(double)
    }

    private mutating func word(_ text: StaticString) -> Bool {
        guard position + text.utf8CodeUnitCount <= count,
            memcmp(base + position, text.utf8Start, text.utf8CodeUnitCount) == 0
        else { return false }
        position += text.utf8CodeUnitCount
        return true
    }

    // MARK: Whole values

    mutating func value(nesting: Int = 0) throws(TokenizerError) -> JSONValue {
        guard nesting <= Self.deepestNesting else { throw error("nested too deeply") }
        switch peek() {
        case 0x22: return .string(try string())
        case 0x7B:
            position += 1
            var members: [JSONValue.Member] = []
            if take(0x7D) { return .object(members) }
            repeat {
                let name = try string()
                try expect(0x3A)
                members.append(.init(name: name, value: try value(nesting: nesting + 1)))
            } while try another(before: 0x7D)
            return .object(members)
        case 0x5B:
            position += 1
            var elements: [JSONValue] = []
            if take(0x5D) { return .array(elements) }
            repeat {
                elements.append(try value(nesting: nesting + 1))
            } while try another(before: 0x5D)
            return .array(elements)
        case 0x74 where word("true"): return .bool(true)
        case 0x66 where word("false"): return .bool(false)
        case 0x6E where word("null"): return .null
        case 0x2D, 0x30...0x39: return try number()
        default: throw error(position < count ? "expected a value" : "the file ends too soon")
        }
    }

    /// Passes over a value and gives its range of bytes.
    mutating func skip(nesting: Int = 0) throws(TokenizerError) -> Range<Int> {
        guard nesting <= Self.deepestNesting else { throw error("nested too deeply") }
        let opening = peek()
        let start = position
        switch opening {
        case 0x22: _ = try stringBytes()
        case 0x7B, 0x5B:
            let close = opening + 2
            position += 1
            if take(close) { break }
            repeat {
                if opening == 0x7B {
                    _ = try stringBytes()
                    try expect(0x3A)
                }
                _ = try skip(nesting: nesting + 1)
            } while try another(before: close)
        default: _ = try value(nesting: nesting)
        }
        return start..<position
    }

    /// Goes back to read a value whose place `skip` gave.
    mutating func rewind(to offset: Int) {
        precondition(offset >= 0 && offset <= count)
        position = offset
    }
}
