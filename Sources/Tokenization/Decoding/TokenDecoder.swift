import JSON
import TextBytes

/// Converts tokens to text: Hugging Face's `decoder`. Each stage maps the list of tokens to
/// another; the last list is joined.
enum TokenDecoder: Sendable {
    case sequence([TokenDecoder])
    case byteLevel
    case byteFallback
    case fuse
    case strip(Unicode.Scalar, start: Int, stop: Int)
    case replace(TextPattern, with: [UInt8])
    case metaspace(Unicode.Scalar, prepends: Bool)
    /// Suffixes of words become spaces.
    case suffix(String)
    /// A space before each token that continues no word; `cleansUp` takes those out that English does
    /// not write.
    case wordPiece(prefix: Token, cleansUp: Bool)

    typealias Token = [UInt8]

    func apply(to tokens: [Token], classes: ScalarClasses) -> [Token] {
        switch self {
        case .sequence(let stages):
            return stages.reduce(tokens) { $1.apply(to: $0, classes: classes) }
        case .byteLevel: return [Self.repaired(tokens.flatMap(Self.bytes))]
        case .byteFallback: return Self.joinFallbackBytes(tokens)
        case .fuse: return [Array(tokens.joined())]
        case .strip(let scalar, let start, let stop):
            return tokens.map { Self.strip($0, Array(String(scalar).utf8), start, stop) }
        case .replace(let pattern, let replacement):
            return tokens.map { token in
                var token = token
                pattern.replaceAll(in: &token, with: replacement, classes: classes)
                return token
            }
        case .metaspace(let scalar, let prepends):
            return tokens.enumerated().map { index, token in
                var out = String.UnicodeScalarView()
                for character in String(decoding: token, as: UTF8.self).unicodeScalars {
                    if character != scalar {
                        out.append(character)
                    } else if index > 0 || !prepends {
                        out.append(" ")
                    }
                }
                return Array(String(out).utf8)
            }
        case .wordPiece(let prefix, let cleansUp):
            return tokens.enumerated().map { index, token in
                Self.wordPiece(token, isFirst: index == 0, prefix: prefix, cleansUp: cleansUp)
            }
        case .suffix(let suffix):
            guard !suffix.isEmpty else { return tokens }
            return tokens.enumerated().map { index, token in
                let last = index == tokens.count - 1
                return Array(
                    Self.replacing(Array(suffix.utf8), in: token, with: last ? [] : [0x20]))
            }
        }
    }

    /// What `cleanup` replaces, in this order.
    private static let cleanup: [(Token, Token)] = [
        (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"),
        (" 'm", "'m"), (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
    ].map { (Array($0.0.utf8), Array($0.1.utf8)) }

    private static func wordPiece(
        _ token: Token, isFirst: Bool, prefix: Token, cleansUp: Bool
    ) -> Token {
        var token = token
        if !isFirst {
            if token.starts(with: prefix) {
                token.removeFirst(prefix.count)
            } else {
                token.insert(0x20, at: 0)
            }
        }
        guard cleansUp else { return token }
        return cleanup.reduce(token) { replacing($1.0, in: $0, with: $1.1) }
    }

    private static func replacing(_ wanted: Token, in token: Token, with replacement: Token)
        -> Token
    {
        var out: Token = []
        var at = 0
        while at < token.count {
            if token[at...].starts(with: wanted) {
                out += replacement
                at += wanted.count
            } else {
                out.append(token[at])
                at += 1
            }
        }
        return out
    }

    /// The bytes that a token spells in the byte alphabet, or its own bytes if it is not in the
    /// alphabet.
    private static func bytes(_ token: Token) -> Token {
        token.withUnsafeBufferPointer { ByteAlphabet.read($0) } ?? token
    }

    /// With every malformed sequence replaced by U+FFFD.
    private static func repaired(_ bytes: Token) -> Token {
        if isUTF8(bytes) { return bytes }
        return Array(String(decoding: bytes, as: UTF8.self).utf8)
    }

    private static func isUTF8(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBufferPointer { UTF8Check.firstInvalidByte(in: $0) == nil }
    }

    /// Runs of `<0x..>` become the text that their bytes are, or one U+FFFD for each where they are
    /// none.
    private static func joinFallbackBytes(_ tokens: [Token]) -> [Token] {
        var out: [Token] = []
        var run: Token = []
        func flush() {
            guard !run.isEmpty else { return }
            if isUTF8(run) {
                out.append(run)
            } else {
                out += Array(repeating: [0xEF, 0xBF, 0xBD], count: run.count)
            }
            run = []
        }
        for token in tokens {
            if let byte = fallbackByte(token) {
                run.append(byte)
            } else {
                flush()
                out.append(token)
            }
        }
        flush()
        return out
    }

    /// 10 for `<0x0A>`.
    private static func fallbackByte(_ token: Token) -> UInt8? {
        guard token.count == 6, token[0] == 0x3C, token[1] == 0x30, token[2] == 0x78,
            token[5] == 0x3E
        else { return nil }
        return UInt8(String(decoding: token[3...4], as: UTF8.self), radix: 16)
    }

    private static func strip(_ token: Token, _ wanted: Token, _ start: Int, _ stop: Int) -> Token {
        var rest = token[...]
        var left = start
        while left > 0, rest.starts(with: wanted), !wanted.isEmpty {
            rest = rest.dropFirst(wanted.count)
            left -= 1
        }
        left = stop
        while left > 0, rest.suffix(wanted.count).elementsEqual(wanted), !wanted.isEmpty {
            rest = rest.dropLast(wanted.count)
            left -= 1
        }
        return Array(rest)
    }
}

extension TokenDecoder {
    init(_ json: JSONValue) throws(TokenizerError) {
        let context = "decoder"
        let type = try json.string("type", in: context)
        switch type {
        case "Sequence":
            var stages: [TokenDecoder] = []
            for stage in try json.elements("decoders", in: context) {
                stages.append(try TokenDecoder(stage))
            }
            self = .sequence(stages)
        case "ByteLevel": self = .byteLevel
        case "ByteFallback": self = .byteFallback
        case "Fuse": self = .fuse
        case "Strip":
            self = .strip(
                try json.scalar("content", in: context),
                start: try json.count("start", in: context),
                stop: try json.count("stop", in: context))
        case "Replace":
            self = .replace(
                try TextPattern(json, in: context),
                with: Array(try json.string("content", in: context).utf8))
        case "Metaspace":
            let metaspace = try PreTokenizer.Metaspace(json, in: context)
            self = .metaspace(
                try json.scalar("replacement", in: context),
                prepends: metaspace.prependScheme != .never)
        case "BPEDecoder":
            self = .suffix(try json.optionalString("suffix", in: context) ?? "</w>")
        case "WordPiece":
            self = .wordPiece(
                prefix: Array((try json.optionalString("prefix", in: context) ?? "##").utf8),
                cleansUp: try json.bool("cleanup", default: true, in: context))
        default: throw .unsupportedStage(kind: "decoder", type: type)
        }
    }
}
