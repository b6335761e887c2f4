import TextBytes

/// Guesses the encoding of texts from their bytes.
enum TextSniffer {
    /// Whether bytes are UTF-8 with characters beyond ASCII: text in another encoding practically
    /// never is by accident.
    ///
    /// - Parameter isWhole: whether the bytes are all of the text, rather than its beginning.
    static func isCertainlyUTF8(_ bytes: ArraySlice<UInt8>, isWhole: Bool) -> Bool {
        guard bytes.contains(where: { $0 >= 0x80 }), !bytes.contains(0) else { return false }
        return firstInvalidByte(in: bytes, isWhole: isWhole) == nil
    }

    /// Whether bytes that are not UTF-8 look like text in Windows-1252, the encoding of Western
    /// European Windows, of which printable Latin-1 is a part: no control characters, none of the
    /// five bytes without a character, mostly ASCII, few of the signs that are rare in it but frequent
    /// as first bytes in Shift JIS, and hardly any sequence that is UTF-8, which a damaged UTF-8 text
    /// would have.
    static func looksLikeWindows1252(_ bytes: ArraySlice<UInt8>, isWhole: Bool) -> Bool {
        guard firstInvalidByte(in: bytes, isWhole: isWhole) != nil else { return false }
        var (letters, high, rare) = (0, 0, 0)
        for byte in bytes {
            switch byte {
            case 9, 10, 12, 13: break
            case 0..<32, 127, 0x81, 0x8D, 0x8F, 0x90, 0x9D: return false
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"):
                letters += 1
            case 0x80...:
                high += 1
                if [0x83, 0x86, 0x87, 0x88, 0x89, 0x98].contains(byte) { rare += 1 }
            default: break
            }
        }
        let (valid, invalid) = sequences(in: bytes)
        return high <= letters && rare <= high / 4 && valid <= invalid / 8
    }

    private static func firstInvalidByte(in bytes: ArraySlice<UInt8>, isWhole: Bool) -> Int? {
        guard let offset = bytes.withUnsafeBufferPointer({ UTF8Check.firstInvalidByte(in: $0) })
        else { return nil }
        // The beginning of a text may end within a character.
        let rest = bytes.dropFirst(offset)
        let isCut =
            (0xC2...0xF4).contains(rest.first ?? 0) && rest.count < 4
            && rest.dropFirst().allSatisfy { $0 & 0xC0 == 0x80 }
        return isWhole || !isCut ? offset : nil
    }

    /// The numbers of multi-byte characters in UTF-8, and of bytes that belong to none.
    private static func sequences(in bytes: ArraySlice<UInt8>) -> (valid: Int, invalid: Int) {
        var rest = bytes
        var (valid, invalid) = (0, 0)
        while !rest.isEmpty {
            let length =
                rest.withUnsafeBufferPointer { UTF8Check.firstInvalidByte(in: $0) } ?? rest.count
            valid += rest.prefix(length).count { $0 >= 0xC0 }
            rest = rest.dropFirst(length)
            if !rest.isEmpty { invalid += 1 }
            rest = rest.dropFirst()
        }
        return (valid, invalid)
    }
}
