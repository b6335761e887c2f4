/// Recursive descent over RFC 8259, bytes in, values out.
struct StrictJSONParser {
    let bytes: UnsafeRawBufferPointer
    var position = 0

    func error(_ reason: StrictJSON.SyntaxError.Reason) -> StrictJSON.SyntaxError {
        StrictJSON.SyntaxError(reason: reason, offset: position)
    }

    mutating func skipSpace() {
        while position < bytes.count, [0x20, 0x0A, 0x0D, 0x09].contains(bytes[position]) {
            position += 1
        }
    }

    func peek() throws(StrictJSON.SyntaxError) -> UInt8 {
        guard position < bytes.count else { throw error(.unexpectedEnd) }
        return bytes[position]
    }

    mutating func value(depth: Int) throws(StrictJSON.SyntaxError) -> StrictJSON {
        if depth > StrictJSON.maximumDepth { throw error(.tooDeep) }
        skipSpace()
        switch try peek() {
        case UInt8(ascii: "{"): return .object(try object(depth: depth))
        case UInt8(ascii: "["): return .array(try array(depth: depth))
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        case let byte: throw error(.unexpectedByte(byte))
        }
    }

    mutating func word(
        _ word: StaticString, _ value: StrictJSON
    ) throws(StrictJSON.SyntaxError)
        -> StrictJSON
    {
        let length = word.utf8CodeUnitCount
        guard bytes.count - position >= length else { throw error(.unexpectedEnd) }
        for index in 0..<length where bytes[position + index] != word.utf8Start[index] {
            throw error(.unexpectedByte(bytes[position + index]))
        }
        position += length
        return value
    }

    mutating func object(depth: Int) throws(StrictJSON.SyntaxError) -> StrictJSON.Object {
        var object = StrictJSON.Object()
        position += 1
        skipSpace()
        if try peek() == UInt8(ascii: "}") {
            position += 1
            return object
        }
        while true {
            skipSpace()
            guard try peek() == UInt8(ascii: "\"") else { throw error(.unexpectedByte(try peek())) }
            let key = try string()
            skipSpace()
            guard try peek() == UInt8(ascii: ":") else { throw error(.unexpectedByte(try peek())) }
            position += 1
            let value = try value(depth: depth + 1)
            guard object.add(key, value) else { throw error(.duplicateKey(key)) }
            skipSpace()
            switch try peek() {
            case UInt8(ascii: ","): position += 1
            case UInt8(ascii: "}"):
                position += 1
                return object
            case let byte: throw error(.unexpectedByte(byte))
            }
        }
    }

    mutating func array(depth: Int) throws(StrictJSON.SyntaxError) -> [StrictJSON] {
        var array: [StrictJSON] = []
        position += 1
        skipSpace()
        if try peek() == UInt8(ascii: "]") {
            position += 1
            return array
        }
        while true {
            array.append(try value(depth: depth + 1))
            skipSpace()
            switch try peek() {
            case UInt8(ascii: ","): position += 1
            case UInt8(ascii: "]"):
                position += 1
                return array
            case let byte: throw error(.unexpectedByte(byte))
            }
        }
    }

    mutating func number() throws(StrictJSON.SyntaxError) -> StrictJSON {
        let start = position
        var digits: [UInt8] = []
        var isInteger = true
        while position < bytes.count {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): break
            case UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"):
                isInteger = false
            default:
                return try finish(digits, isInteger, start)
            }
            digits.append(byte)
            position += 1
        }
        return try finish(digits, isInteger, start)
    }

    private mutating func finish(
        _ digits: [UInt8], _ isInteger: Bool, _ start: Int
    ) throws(StrictJSON.SyntaxError) -> StrictJSON {
        let text = String(decoding: digits, as: UTF8.self)
        let unsigned = digits.first == UInt8(ascii: "-") ? digits.dropFirst() : digits[...]
        let zero = UInt8(ascii: "0")
        let nine = UInt8(ascii: "9")
        let second = unsigned.dropFirst().first
        let leadingZero = unsigned.first == zero && (second.map { zero...nine ~= $0 } ?? false)
        let last = unsigned.last
        guard let first = unsigned.first, zero...nine ~= first, !leadingZero,
            let last, zero...nine ~= last
        else {
            position = start
            throw error(.invalidNumber)
        }
        if isInteger, let value = Int(text) { return .integer(value) }
        guard let value = Double(text), value.isFinite else {
            position = start
            throw error(.invalidNumber)
        }
        return .number(value)
    }

    mutating func string() throws(StrictJSON.SyntaxError) -> String {
        let start = position
        position += 1
        var content: [UInt8] = []
        while true {
            let byte = try peek()
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let string = String(validating: content, as: UTF8.self) else {
                    position = start
                    throw error(.notUTF8)
                }
                return string
            case UInt8(ascii: "\\"): try escape(into: &content)
            case 0..<0x20: throw error(.invalidString)
            default: content.append(byte)
            }
        }
    }

    private mutating func escape(into content: inout [UInt8]) throws(StrictJSON.SyntaxError) {
        let byte = try peek()
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(byte)
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0C)
        case UInt8(ascii: "n"): content.append(0x0A)
        case UInt8(ascii: "r"): content.append(0x0D)
        case UInt8(ascii: "t"): content.append(0x09)
        case UInt8(ascii: "u"):
            var unit = try hexadecimal()
            if 0xD800..<0xDC00 ~= unit {
                guard bytes.count - position >= 6, bytes[position] == UInt8(ascii: "\\"),
                    bytes[position + 1] == UInt8(ascii: "u")
                else { throw error(.invalidString) }
                position += 2
                let low = try hexadecimal()
                guard 0xDC00..<0xE000 ~= low else { throw error(.invalidString) }
                unit = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(unit) else { throw error(.invalidString) }
            content.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        default: throw error(.invalidString)
        }
    }

    private mutating func hexadecimal() throws(StrictJSON.SyntaxError) -> UInt32 {
        guard bytes.count - position >= 4 else { throw error(.unexpectedEnd) }
        var value: UInt32 = 0
        for index in 0..<4 {
            guard let digit = Character(Unicode.Scalar(bytes[position + index])).hexDigitValue
            else { throw error(.invalidString) }
            value = value << 4 | UInt32(digit)
        }
        position += 4
        return value
    }
}
