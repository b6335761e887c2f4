/// What words are read for: passages have some that queries do without.
package enum WordPurpose: Sendable {
    case passage, query
}

/// Splits text into words: runs of letters and digits, folded, as FTS5's `unicode61` has them; and, in
/// scripts that do not divide words by spaces, pairs of characters (see ``UnspacedScript``).
///
/// A passage has the pairs and the single characters of "図書館": 図, 図書, 書, 書館, 館; so that a
/// query of one character finds it. A query has the pairs and the ideographs; of another letter that
/// stands alone the letter, but of "しりとり" no し, which would find all that is Japanese.
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
        in text: UnsafeBufferPointer<UInt8>, for purpose: WordPurpose,
        _ body: (UnsafeBufferPointer<UInt8>) -> Void
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
                    let start = position
                    let code = WidthFolding.fold(Self.decode(bytes, &position, end))
                    if code >= UnspacedScript.first, UnspacedScript.role(of: code) != .none {
                        if isInWord {
                            body(UnsafeBufferPointer(start: word, count: count))
                            count = 0
                            isInWord = false
                        }
                        position = scanRun(bytes, from: start, to: end, for: purpose, body)
                        continue
                    }
                    let folded = folding[code]
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

    /// The words of a run of text without spaces; returns where it ends, which is after its start.
    ///
    /// A character is put out when the next is known, which may be a mark that belongs to it.
    private func scanRun(
        _ bytes: UnsafePointer<UInt8>, from start: Int, to end: Int, for purpose: WordPurpose,
        _ body: (UnsafeBufferPointer<UInt8>) -> Void
    ) -> Int {
        var position = start
        /// The last character, not yet put out, and the one before it; 0 for none.
        var last: UInt32 = 0
        var beforeLast: UInt32 = 0
        while position < end, bytes[position] >= 0x80 {
            var next = position
            let code = Self.decode(bytes, &next, end)
            if last != 0, let composed = Composition.compose(last, code) {
                last = composed
            } else if !Composition.isSoundMark(code), !UnspacedScript.isVariationSelector(code) {
                let folded = WidthFolding.fold(code)
                let role = UnspacedScript.role(of: folded)
                let isPart =
                    role != .none && (role == .mark || folding[folded] != Folding.separator)
                guard isPart else {
                    // What only looked like the start of a run is gone over.
                    if position == start { position = next }
                    break
                }
                if last != 0 { putOut(last, after: beforeLast, isLast: false, purpose, body) }
                (beforeLast, last) = (last, folded)
            }
            position = next
        }
        if last != 0 { putOut(last, after: beforeLast, isLast: true, purpose, body) }
        return position
    }

    /// A character by itself, if it is a word, and with the one before it.
    private func putOut(
        _ code: UInt32, after previous: UInt32, isLast: Bool, _ purpose: WordPurpose,
        _ body: (UnsafeBufferPointer<UInt8>) -> Void
    ) {
        if previous != 0 {
            let first = Self.encode(previous, into: word)
            let second = Self.encode(code, into: word + first)
            body(UnsafeBufferPointer(start: word, count: first + second))
        }
        let isAlone = previous == 0 && isLast
        let isWord =
            switch UnspacedScript.role(of: code) {
            case .ideograph: true
            case .letter: purpose == .passage || isAlone
            case .mark, .none: isAlone
            }
        guard isWord else { return }
        body(UnsafeBufferPointer(start: word, count: Self.encode(code, into: word)))
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
