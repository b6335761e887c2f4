import FileFormat
import Foundation

/// The encodings of mail: of headers (RFC 2047), and of bodies (RFC 2045).
enum MailHeader {
    /// A header such as `text/html; charset="utf-8"`.
    struct Parameters {
        /// What precedes the first semicolon, in lower case.
        let value: String
        private let parameters: [String: String]

        init(_ header: String) {
            var pieces: [String] = [""]
            var isQuoted = false
            for character in header {
                if character == "\"" {
                    isQuoted.toggle()
                } else if character == ";", !isQuoted {
                    pieces.append("")
                } else {
                    pieces[pieces.count - 1].append(character)
                }
            }
            value = pieces[0].trimmingCharacters(in: .whitespaces).lowercased()
            var parameters: [String: String] = [:]
            for piece in pieces.dropFirst() {
                guard let equals = piece.firstIndex(of: "=") else { continue }
                let name = piece[..<equals].trimmingCharacters(in: .whitespaces).lowercased()
                parameters[name] = piece[piece.index(after: equals)...]
                    .trimmingCharacters(in: .whitespaces)
            }
            self.parameters = parameters
        }

        subscript(name: String) -> String? { parameters[name] }
    }

    /// A header with its encoded words, such as `=?utf-8?B?w6k=?=`, decoded.
    static func decode(_ header: String) -> String {
        var result = ""
        var rest = header[...]
        var followsWord = false
        while let start = rest.range(of: "=?") {
            guard let (text, end) = encodedWord(rest[start.upperBound...]) else {
                result += rest[..<start.upperBound]
                rest = rest[start.upperBound...]
                followsWord = false
                continue
            }
            // White space between two encoded words is none.
            let between = rest[..<start.lowerBound]
            if !followsWord || !between.allSatisfy(\.isWhitespace) { result += between }
            result += text
            rest = rest[end...]
            followsWord = true
        }
        return (result + rest).trimmingCharacters(in: .whitespaces)
    }

    /// The text of an encoded word, after its `=?`, and where it ends.
    private static func encodedWord(_ text: Substring) -> (String, String.Index)? {
        let pieces = text.split(separator: "?", maxSplits: 3, omittingEmptySubsequences: false)
        guard pieces.count == 4, pieces[3].first == "=" else { return nil }
        let bytes: [UInt8]
        switch pieces[1].lowercased() {
        case "b": bytes = base64(pieces[2].utf8)
        case "q": bytes = quotedPrintable(pieces[2].utf8.map { $0 == UInt8(ascii: "_") ? 32 : $0 })
        default: return nil
        }
        // RFC 2231 allows a language after the charset.
        let charset = pieces[0].prefix { $0 != "*" }
        return (
            self.text(bytes, charset: String(charset)), text.index(after: pieces[3].startIndex)
        )
    }

    /// The bytes of a body in its transfer encoding.
    static func decodeBody(_ body: ArraySlice<UInt8>, _ encoding: String) -> [UInt8] {
        switch encoding.trimmingCharacters(in: .whitespaces).lowercased() {
        case "base64": base64(body)
        case "quoted-printable": quotedPrintable(body)
        default: Array(body)
        }
    }

    /// A text in a charset. Bytes that are not in it become U+FFFD.
    static func text(_ bytes: [UInt8], charset: String?) -> String {
        var text: String?
        let name = (charset ?? "utf-8").trimmingCharacters(in: .whitespaces)
        if !["utf-8", "utf8", "us-ascii", "ascii"].contains(name.lowercased()),
            let encoding = TextEncoding(name)
        {
            text = try? TranscodingStream.text(bytes, from: encoding, name: "")
        }
        let found =
            text ?? String(validating: bytes, as: UTF8.self)
            ?? (try? TranscodingStream.text(bytes, from: .windows1252, name: ""))
            ?? String(decoding: bytes, as: UTF8.self)
        return String(
            decoding: found.utf8.filter { $0 != 13 && $0 != 0 }, as: UTF8.self)
    }

    private static func base64(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        var (bits, count) = (UInt32(0), 0)
        for byte in bytes {
            let value: UInt8
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = byte - 65
            case UInt8(ascii: "a")...UInt8(ascii: "z"): value = byte - 97 + 26
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = byte - 48 + 52
            case UInt8(ascii: "+"): value = 62
            case UInt8(ascii: "/"): value = 63
            default: continue
            }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                result.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        return result
    }

    private static func quotedPrintable(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        let bytes = Array(bytes)
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var index = 0
        func digit(_ index: Int) -> UInt8? {
            index < bytes.count
                ? UInt8(String(UnicodeScalar(bytes[index])), radix: 16) : nil
        }
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: "=") else {
                result.append(bytes[index])
                index += 1
                continue
            }
            if let high = digit(index + 1), let low = digit(index + 2) {
                result.append(high << 4 | low)
                index += 3
                continue
            }
            // At the end of a line it joins this line to the next.
            var end = index + 1
            while end < bytes.count, [32, 9, 13].contains(bytes[end]) { end += 1 }
            if end < bytes.count, bytes[end] == 10 {
                index = end + 1
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return result
    }
}
