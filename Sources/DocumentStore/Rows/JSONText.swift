/// JSON as it is stored: `\u` escapes of ordinary characters written out, so that a field is found by
/// its name however the name was escaped. Escapes of control characters, quotation marks, backslashes
/// and lone surrogates stay.
enum JSONText {
    static func normalized(_ json: String) -> String {
        let bytes = Array(json.utf8)
        guard bytes.contains(UInt8(ascii: "\\")) else { return json }
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: "\\"), index + 1 < bytes.count else {
                result.append(bytes[index])
                index += 1
                continue
            }
            if bytes[index + 1] == UInt8(ascii: "/") {
                result.append(UInt8(ascii: "/"))
                index += 2
            } else if let (scalar, length) = character(in: bytes, at: index) {
                result.append(contentsOf: String(Character(scalar)).utf8)
                index += length
            } else {
                result.append(contentsOf: bytes[index...index + 1])
                index += 2
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// The character that the escape at `index` stands for, if it may be written out.
    private static func character(in bytes: [UInt8], at index: Int) -> (Unicode.Scalar, Int)? {
        guard let first = codeUnit(in: bytes, at: index) else { return nil }
        if let scalar = Unicode.Scalar(first) {
            let mayBeWritten = first >= 0x20 && first != 0x22 && first != 0x5c
            return mayBeWritten ? (scalar, 6) : nil
        }
        guard 0xd800..<0xdc00 ~= first, let second = codeUnit(in: bytes, at: index + 6),
            0xdc00..<0xe000 ~= second
        else { return nil }
        let value = 0x10000 + (UInt32(first) - 0xd800) << 10 + (UInt32(second) - 0xdc00)
        return Unicode.Scalar(value).map { ($0, 12) }
    }

    private static func codeUnit(in bytes: [UInt8], at index: Int) -> UInt16? {
        guard index + 6 <= bytes.count, bytes[index] == UInt8(ascii: "\\"),
            bytes[index + 1] == UInt8(ascii: "u")
        else { return nil }
        let digits = bytes[index + 2..<index + 6]
        // UInt16(_:radix:) would take a sign.
        guard digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }) else { return nil }
        return UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
    }
}
