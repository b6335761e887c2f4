/// Filters what goes to a terminal: untrusted text must be readable there without controlling it.
enum TerminalFilter {
    /// UTF-8 in which control characters (C0 but for tab and line feed, DEL, C1) and changes of
    /// writing direction are replaced by U+FFFD, apart from the sequences that this program writes.
    ///
    /// - Parameter sequences: the escape sequences and controls that are kept.
    static func safe(_ bytes: [UInt8], keeping sequences: [[UInt8]]) -> [UInt8] {
        guard bytes.contains(where: { needsLook($0) }) else { return bytes }
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var place = 0
        while place < bytes.count {
            if let kept = sequences.first(where: { bytes[place...].starts(with: $0) }) {
                result += kept
                place += kept.count
            } else if let length = hiddenLength(bytes[place...]) {
                result += [0xEF, 0xBF, 0xBD]
                place += length
            } else {
                result.append(bytes[place])
                place += 1
            }
        }
        return result
    }

    private static func needsLook(_ byte: UInt8) -> Bool {
        byte < 0x20 && byte != 9 && byte != 10 || byte == 0x7F || byte == 0xC2 || byte == 0xD8
            || byte == 0xE2
    }

    /// The length of the character at the start if it must not reach a terminal, else nil.
    private static func hiddenLength(_ bytes: ArraySlice<UInt8>) -> Int? {
        let next = bytes.prefix(3).map { $0 }
        switch next[0] {
        case 9, 10: return nil
        case 0..<0x20, 0x7F: return 1
        case 0xC2: return next.count > 1 && next[1] < 0xA0 ? 2 : nil
        case 0xD8: return next.count > 1 && next[1] == 0x9C ? 2 : nil  // U+061C
        case 0xE2 where next.count > 2:
            // U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069
            let isBidi =
                next[1] == 0x80 && (next[2] == 0x8E || next[2] == 0x8F || 0xAA...0xAE ~= next[2])
                || next[1] == 0x81 && 0xA6...0xA9 ~= next[2]
            return isBidi ? 3 : nil
        default: return nil
        }
    }
}
