/// Handwritten scanners for the expressions of nearly all models. Each returns the same pieces as
/// `PatternMatcher` for its expression (a test compares them), several times faster. Their matches
/// cover the text without gaps.
enum PieceScanner: Sendable, Equatable {
    case gpt2
    /// Llama 3 and GPT-4 group up to three digits, Qwen takes them one by one.
    case contractionsAndDigits(longestNumber: Int)

    static let gpt2Expression =
        #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#
    static let llama3Expression =
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    static let qwen2Expression =
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#

    init?(expression: String) {
        switch expression {
        case Self.gpt2Expression: self = .gpt2
        case Self.llama3Expression: self = .contractionsAndDigits(longestNumber: 3)
        case Self.qwen2Expression: self = .contractionsAndDigits(longestNumber: 1)
        default: return nil
        }
    }

    /// The end of the piece that starts at `from`, which must be before the end of the text.
    @inline(__always)
    func end(of text: UnsafeBufferPointer<UInt8>, from: Int, classes: ScalarClasses) -> Int {
        guard let base = text.baseAddress else { return from }
        let cursor = Cursor(bytes: base, count: text.count, classes: classes)
        switch self {
        case .gpt2: return cursor.gpt2(from)
        case .contractionsAndDigits(let longest): return cursor.llama3(from, longest)
        }
    }

    /// The four kinds of characters that the expressions distinguish.
    private enum Kind: UInt8 { case letter, number, space, other }

    private struct Cursor {
        let bytes: UnsafePointer<UInt8>
        let count: Int
        let classes: ScalarClasses

        @inline(__always)
        func kind(_ at: Int) -> (kind: Kind, length: Int) {
            let lead = bytes[at]
            if lead < 0x80 { return (Self.ascii(lead), 1) }
            let (scalar, length) = UTF8Text.decode(bytes, at: at)
            let properties = classes.properties(scalar)
            let bit: UInt32 = 1 << UInt32(properties & ScalarClasses.categoryMask)
            if bit & CategorySet.letter != 0 { return (.letter, length) }
            if bit & CategorySet.number != 0 { return (.number, length) }
            return (properties & ScalarClasses.whiteSpace != 0 ? .space : .other, length)
        }

        @inline(__always)
        private static func ascii(_ byte: UInt8) -> Kind {
            if byte | 0x20 >= 0x61, byte | 0x20 <= 0x7A { return .letter }
            if byte == 0x20 || (byte >= 0x09 && byte <= 0x0D) { return .space }
            return byte >= 0x30 && byte <= 0x39 ? .number : .other
        }

        @inline(__always)
        func endOfRun(_ wanted: Kind, _ from: Int) -> Int {
            var at = from
            while at < count {
                let (kind, length) = kind(at)
                if kind != wanted { break }
                at += length
            }
            return at
        }

        func gpt2(_ from: Int) -> Int {
            let first = bytes[from]
            if first == 0x27 {
                let end = contraction(from, anyCase: false)
                if end > 0 { return end }
            }
            var (kind, length) = kind(from)
            if first == 0x20, from + 1 < count {
                let (following, followingLength) = self.kind(from + 1)
                if following != .space { (kind, length) = (following, 1 + followingLength) }
            }
            if kind != .space { return endOfRun(kind, from + length) }
            return white(from, from + length)
        }

        func llama3(_ from: Int, _ longestNumber: Int) -> Int {
            let first = bytes[from]
            if first == 0x27 {
                let end = contraction(from, anyCase: true)
                if end > 0 { return end }
            }
            let (kind, length) = kind(from)
            if kind == .letter { return endOfRun(.letter, from + length) }
            if kind == .number {
                var end = from + length
                var digits = 1
                while digits < longestNumber, end < count {
                    let (next, nextLength) = self.kind(end)
                    if next != .number { break }
                    end += nextLength
                    digits += 1
                }
                return end
            }
            let newline = first == 0x0A || first == 0x0D
            var other = kind == .other
            if !newline, from + length < count {
                let (next, nextLength) = self.kind(from + length)
                if next == .letter { return endOfRun(.letter, from + length + nextLength) }
                if first == 0x20, next == .other { other = true }
            }
            if other {
                var end = endOfRun(.other, from + length)
                while end < count, bytes[end] == 0x0A || bytes[end] == 0x0D { end += 1 }
                return end
            }
            // White space: up to its last newline if it has one, else all but the character before
            // a word.
            let end = endOfRun(.space, from + length)
            var at = end
            while at > from {
                if bytes[at - 1] == 0x0A || bytes[at - 1] == 0x0D { return at }
                at -= 1
            }
            return white(from, from + length, end: end)
        }

        /// `\s+(?!\S)|\s+`: the last of several white-space characters belongs to the following
        /// word.
        @inline(__always)
        private func white(_ from: Int, _ second: Int, end known: Int? = nil) -> Int {
            let end = known ?? endOfRun(.space, second)
            return end == count || end == second ? end : UTF8Text.start(before: end, in: bytes)
        }

        /// The end of `'s`, `'t`, `'re`, `'ve`, `'m`, `'ll` or `'d` at `from`, or 0. Ignoring case,
        /// the long s (U+017F) is an s.
        private func contraction(_ from: Int, anyCase: Bool) -> Int {
            guard from + 1 < count else { return 0 }
            let fold: UInt8 = anyCase ? 0x20 : 0
            let one = bytes[from + 1] | fold
            switch one {
            case 0x73, 0x74, 0x6D, 0x64: return from + 2
            default: break
            }
            guard from + 2 < count else { return 0 }
            if anyCase, bytes[from + 1] == 0xC5, bytes[from + 2] == 0xBF { return from + 3 }
            let two = bytes[from + 2] | fold
            let pair = (one == 0x72 || one == 0x76) && two == 0x65
            return pair || (one == 0x6C && two == 0x6C) ? from + 3 : 0
        }
    }
}
