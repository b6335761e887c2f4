extension JSONReader {
    package mutating func string() throws(Failure) -> String {
        String(decoding: try stringBytes(), as: UTF8.self)
    }

    /// The next string as UTF-8, escapes resolved; valid until the next string is read.
    package mutating func stringBytes() throws(Failure) -> UnsafeBufferPointer<UInt8> {
        _ = next()
        guard take("\"") else { throw failure("a string") }
        let start = position
        let isASCII = skipPlain()
        guard take("\"") else { return try unescape(from: start) }
        let text = UnsafeBufferPointer(start: base + start, count: position - 1 - start)
        if !isASCII, start > checked { try checkUTF8(text, of: start) }
        return text
    }

    private mutating func checkUTF8(
        _ text: UnsafeBufferPointer<UInt8>, of start: Int
    ) throws(Failure) {
        if start > checked, UTF8Check.firstInvalidByte(in: text) != nil {
            throw failure("UTF-8", fault: .notUTF8, at: start - 1)
        }
    }

    /// Passes over bytes that need no attention in a string: all but control characters, quotes
    /// and backslashes. True where all are ASCII.
    ///
    /// Eight bytes at a time: a byte's top bit is set in `found` where the byte needs attention.
    /// A borrow may set it in later bytes, too, but never before the first that is right.
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

    /// The slow road of `stringBytes`, from the first byte that needs attention on.
    private mutating func unescape(from start: Int) throws(Failure) -> UnsafeBufferPointer<UInt8> {
        unescaped.removeAll(keepingCapacity: true)
        var plain = start
        while true {
            unescaped.append(
                contentsOf: UnsafeBufferPointer(start: base + plain, count: position - plain))
            if take("\"") { break }
            if take("\\") {
                try escape()
            } else if position < count {
                throw failure("an escape in place of a control character", fault: .string)
            } else {
                throw failure("the closing '\"'")
            }
            plain = position
            _ = skipPlain()
        }
        // The buffer is not touched before the next string, which is as long as promised.
        let text = unescaped.withUnsafeBufferPointer { $0 }
        try checkUTF8(text, of: start)
        return text
    }

    /// What follows a backslash.
    private mutating func escape() throws(Failure) {
        guard position < count else { throw failure("an escape") }
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
            var scalar = try escapedScalar()
            if scalar.value == 0, rules.replacesUnstorable { scalar = "\u{FFFD}" }
            unescaped.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        default:
            throw failure(
                "an escape (one of \" \\ / b f n r t u)", fault: .string, at: position - 1)
        }
    }

    /// The scalar of `uXXXX`, or of the surrogate pair that begins there; the `u` has been read.
    private mutating func escapedScalar() throws(Failure) -> Unicode.Scalar {
        let high = try fourHexadecimalDigits()
        if let scalar = Unicode.Scalar(high) { return scalar }
        let mark = position
        if high < 0xDC00, take("\\"), take("u") {
            let low = try fourHexadecimalDigits()
            if 0xDC00..<0xE000 ~= low,
                let scalar = Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
            {
                return scalar
            }
        }
        position = mark
        guard rules.replacesUnstorable else {
            throw failure("the other half of a surrogate pair", fault: .string)
        }
        return "\u{FFFD}"
    }

    private mutating func fourHexadecimalDigits() throws(Failure) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard position < count, let digit = hexadecimalDigit(base[position]) else {
                throw failure("four hexadecimal digits", fault: .string)
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
