import TextBytes

extension JSONReader {
    package mutating func string() throws(JSONError) -> String {
        String(decoding: try stringBytes(), as: UTF8.self)
    }

    /// The next string as UTF-8 with escapes resolved; valid until the next string is read.
    package mutating func stringBytes() throws(JSONError) -> UnsafeBufferPointer<UInt8> {
        _ = next()
        guard take("\"") else { throw failure(.string) }
        let start = position
        let isASCII = skipPlain()
        guard take("\"") else { return try unescape(from: start) }
        let text = UnsafeBufferPointer(start: base + start, count: position - 1 - start)
        if !isASCII, start > checked { try checkUTF8(text, of: start) }
        return text
    }

    private mutating func checkUTF8(
        _ text: UnsafeBufferPointer<UInt8>, of start: Int
    ) throws(JSONError) {
        if start > checked, UTF8Check.firstInvalidByte(in: text) != nil {
            throw failure(.utf8, .notUTF8, at: start - 1)
        }
    }

    /// Skips ordinary bytes of a string: all but control characters, quotes and backslashes.
    /// Returns whether all are ASCII.
    ///
    /// Eight bytes at a time: in `found`, the top bit is set for each special byte. A borrow may
    /// also set it for later bytes, but never before the first special one.
    @inline(__always)
    private mutating func skipPlain() -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let tops: UInt64 = 0x8080_8080_8080_8080
        let raw = UnsafeRawPointer(base)
        var seen: UInt64 = 0
        while position + 8 <= count {
            let word = UInt64(
                littleEndian: raw.loadUnaligned(fromByteOffset: position, as: UInt64.self))
            let quote = word ^ (ones &* 0x22)
            let backslash = word ^ (ones &* 0x5C)
            let found =
                (((word &- ones &* 0x20) & ~word) | ((quote &- ones) & ~quote)
                    | ((backslash &- ones) & ~backslash)) & tops
            if found != 0 {
                let length = found.trailingZeroBitCount >> 3
                seen |= word & ((1 << UInt64(length &* 8)) &- 1)
                position += length
                return seen & tops == 0
            }
            seen |= word
            position += 8
        }
        while position < count {
            let byte = base[position]
            if byte < 0x20 || byte == 0x22 || byte == 0x5C { break }
            seen |= UInt64(byte)
            position += 1
        }
        return seen & tops == 0
    }

    /// The slow path of `stringBytes`, from the first special byte on.
    private mutating func unescape(from start: Int) throws(JSONError) -> UnsafeBufferPointer<UInt8>
    {
        unescaped.removeAll(keepingCapacity: true)
        var plain = start
        while true {
            unescaped.append(
                contentsOf: UnsafeBufferPointer(start: base + plain, count: position - plain))
            if take("\"") { break }
            if take("\\") {
                try escape()
            } else if position < count {
                throw failure(.escapedControlCharacter, .invalidString)
            } else {
                throw failure(.closingQuote)
            }
            plain = position
            _ = skipPlain()
        }
        // The buffer is not changed before the next string is read, which is as long as promised.
        let text = unescaped.withUnsafeBufferPointer { $0 }
        try checkUTF8(text, of: start)
        return text
    }

    /// Reads the escape after a backslash.
    private mutating func escape() throws(JSONError) {
        guard position < count else { throw failure(.escape) }
        let byte = base[position]
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): unescaped.append(byte)
        case UInt8(ascii: "b"): unescaped.append(0x08)
        case UInt8(ascii: "f"): unescaped.append(0x0C)
        case UInt8(ascii: "n"): unescaped.append(0x0A)
        case UInt8(ascii: "r"): unescaped.append(0x0D)
        case UInt8(ascii: "t"): unescaped.append(0x09)
        case UInt8(ascii: "u"):
            let start = position - 2
            let scalar = try escapedScalar()
            if scalar.value == 0, rules.refusesNull {
                throw failure(.characterBesidesNull, .nullCharacter, at: start)
            }
            unescaped.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        default:
            throw failure(.escape, .invalidString, at: position - 1)
        }
    }

    /// The scalar of `uXXXX`, or of the surrogate pair that begins there; the `u` has been read.
    private mutating func escapedScalar() throws(JSONError) -> Unicode.Scalar {
        let start = position - 2
        let high = try fourHexadecimalDigits()
        if let scalar = Unicode.Scalar(high) { return scalar }
        if high < 0xDC00, take("\\"), take("u") {
            let low = try fourHexadecimalDigits()
            if 0xDC00..<0xE000 ~= low,
                let scalar = Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
            {
                return scalar
            }
        }
        throw failure(.otherSurrogate, .loneSurrogate, at: start)
    }

    private mutating func fourHexadecimalDigits() throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard position < count, let digit = hexadecimalDigit(base[position]) else {
                throw failure(.hexadecimalDigits, .invalidString)
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    private func hexadecimalDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
