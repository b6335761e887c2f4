/// Splits text into words: runs of letters and digits, folded. The same words as FTS5's
/// `unicode61`.
///
/// Not thread-safe: it holds the current word.
final class WordScanner {
    /// In bytes. Longer words are truncated, as FTS5 does.
    static let longestWord = 32_768

    private let folding = Folding.standard
    private let ascii = Folding.standard.ascii
    /// Room for a word and one more character.
    private let word = UnsafeMutablePointer<UInt8>.allocate(capacity: longestWord + 8)

    deinit { word.deallocate() }

    /// Calls `body` with the UTF-8 of each word, in order, which is valid during the call.
    @inline(__always)
    func forEachWord(
        in text: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> Void
    ) {
        guard let bytes = text.baseAddress else { return }
        let end = text.count
        let (folding, word) = (folding, word)
        ascii.withUnsafeBufferPointer { ascii in
            var position = 0
            var count = 0
            // A word may fold to nothing and still be one; marks are dropped, but do not end a
            // word.
            var isInWord = false
            while position < end {
                let byte = bytes[position]
                if byte < 0x80 {
                    position += 1
                    let folded = ascii[Int(byte)]
                    if folded != 0 {
                        word[count] = folded
                        if count < Self.longestWord { count += 1 }
                        isInWord = true
                        continue
                    }
                } else {
                    let folded = folding[Self.decode(bytes, &position, end)]
                    if folded == Folding.dropped {
                        if isInWord { continue }
                    } else if folded != Folding.separator {
                        count += Self.encode(folded, into: word + count)
                        count = min(count, Self.longestWord)
                        isInWord = true
                        continue
                    }
                }
                if isInWord {
                    body(UnsafeBufferPointer(start: word, count: count))
                    count = 0
                    isInWord = false
                }
            }
            if isInWord { body(UnsafeBufferPointer(start: word, count: count)) }
        }
    }

    /// Decodes a character of more than one byte; a truncated one becomes U+FFFD.
    private static func decode(
        _ bytes: UnsafePointer<UInt8>, _ position: inout Int, _ end: Int
    ) -> UInt32 {
        let lead = bytes[position]
        position += 1
        let length = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : 0
        guard length > 0, position + length <= end else { return 0xFFFD }
        var code = UInt32(lead) & (0x3F >> UInt32(length))
        for _ in 0..<length {
            code = code << 6 | UInt32(bytes[position] & 0x3F)
            position += 1
        }
        return code
    }

    private static func encode(_ code: UInt32, into target: UnsafeMutablePointer<UInt8>) -> Int {
        func tail(_ shift: UInt32) -> UInt8 {
            UInt8(truncatingIfNeeded: 0x80 | code >> shift & 0x3F)
        }
        switch code {
        case ..<0x80:
            target[0] = UInt8(code)
            return 1
        case ..<0x800:
            target[0] = UInt8(0xC0 | code >> 6)
            target[1] = tail(0)
            return 2
        case ..<0x10000:
            target[0] = UInt8(0xE0 | code >> 12)
            (target[1], target[2]) = (tail(6), tail(0))
            return 3
        default:
            target[0] = UInt8(truncatingIfNeeded: 0xF0 | code >> 18)
            (target[1], target[2], target[3]) = (tail(12), tail(6), tail(0))
            return 4
        }
    }
}
