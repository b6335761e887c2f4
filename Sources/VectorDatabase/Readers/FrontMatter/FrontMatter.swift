import JSON
import TextBytes

/// The settings at the top of a text, as Obsidian, Hugo, Zola, Jekyll and others write them: YAML between
/// lines of `---`, or TOML between lines of `+++`.
struct FrontMatter {
    /// All members except `title`.
    var metadata: JSONObject
    /// The member `title`, if it is a text.
    var title: String
    /// The text after it.
    var body: String

    /// Longer ones are taken for text.
    private static let longest = 1 << 16

    /// What begins a text.
    enum Finding {
        case none
        case found(FrontMatter)
        /// It looks like front matter, but cannot be read; the text is kept as it is.
        case unreadable
    }

    /// Splits a text whose lines end in LF.
    static func split(_ text: String) -> Finding {
        let bytes = Array(text.utf8)
        let mark: [UInt8]
        if bytes.starts(with: "---".utf8) {
            mark = Array("---".utf8)
        } else if bytes.starts(with: "+++".utf8) {
            mark = Array("+++".utf8)
        } else {
            return .none
        }
        guard let first = bytes.firstIndex(of: 10), isMark(bytes[..<first], mark) else {
            return .none
        }
        var start = first + 1
        while start < min(bytes.count, Self.longest) {
            let end = bytes[start...].firstIndex(of: 10) ?? bytes.count
            let line = bytes[start..<end]
            if isMark(line, mark) || mark[0] == 45 && isMark(line, Array("...".utf8)) {
                let inner = bytes[(first + 1)..<start]
                let body = bytes[min(end + 1, bytes.count)...].drop { $0 == 10 }
                return finding(
                    String(decoding: inner, as: UTF8.self), isYAML: mark[0] == 45,
                    body: String(decoding: body, as: UTF8.self))
            }
            start = end + 1
        }
        return .none
    }

    private static func isMark(_ line: ArraySlice<UInt8>, _ mark: [UInt8]) -> Bool {
        line.starts(with: mark) && line.dropFirst(mark.count).allSatisfy { isSpace($0) }
    }

    private static func finding(_ inner: String, isYAML: Bool, body: String) -> Finding {
        var members: JSONObject
        do {
            members = try isYAML ? YAMLSubset.parse(inner) : TOMLSubset.parse(inner)
        } catch {
            // A rule (`---`) above a paragraph is no front matter.
            return looksLikeMembers(inner) ? .unreadable : .none
        }
        var title = ""
        switch members["title"] {
        case .string(let text)?: title = text
        case .integer(let number)?: title = String(number)
        default: break
        }
        if !title.isEmpty { members["title"] = nil }
        return .found(FrontMatter(metadata: members, title: title, body: body))
    }

    /// Whether the first line that is not blank is a name and a colon or an equals sign.
    private static func looksLikeMembers(_ inner: String) -> Bool {
        guard
            let line = inner.split(separator: "\n").first(where: { !$0.allSatisfy(\.isWhitespace) })
        else { return false }
        let name = line.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" }
        let next = line[name.endIndex...].drop { $0 == " " }.first
        return !name.isEmpty && (next == ":" || next == "=")
    }
}

/// Front matter that is not in the subset of the language that is read.
struct FrontMatterError: Error {}

/// A cursor over the characters of a value.
struct FrontMatterCursor {
    let bytes: [UInt8]
    var index = 0
    /// Lists and maps inside of each other.
    static let deepest = 32

    init(_ text: some StringProtocol) { bytes = Array(text.utf8) }

    var next: UInt8? { index < bytes.count ? bytes[index] : nil }

    mutating func take(_ byte: Character) -> Bool {
        guard next == byte.asciiValue else { return false }
        index += 1
        return true
    }

    /// Skips white space; over line ends, too, and comments, if `acrossLines`.
    mutating func skipSpace(acrossLines: Bool = false) {
        while let byte = next {
            if byte == 32 || byte == 9 || acrossLines && (byte == 10 || byte == 13) {
                index += 1
            } else if acrossLines, byte == UInt8(ascii: "#") {
                while let byte = next, byte != 10 { _ = byte; index += 1 }
            } else {
                return
            }
        }
    }

    /// The text of a quoted string whose opening quote has been taken.
    ///
    /// - Parameters:
    ///   - quote: `"`, in which a backslash escapes, or `'`.
    ///   - isYAML: whether two single quotes stand for one, and a line end for a space.
    mutating func quoted(_ quote: Character, isYAML: Bool) throws -> String {
        var text: [UInt8] = []
        while let byte = next {
            index += 1
            if byte == quote.asciiValue {
                if quote == "'", isYAML, take("'") {
                    text.append(byte)
                    continue
                }
                return String(decoding: text, as: UTF8.self)
            }
            if byte == UInt8(ascii: "\\"), quote == "\"" {
                text += try escape()
            } else if byte == 10, isYAML {
                foldLineEnd(into: &text)
            } else {
                text.append(byte)
            }
        }
        throw FrontMatterError()
    }

    /// The line end that was taken is a space; blank lines after it are line ends.
    private mutating func foldLineEnd(into text: inout [UInt8]) {
        while text.last == 32 || text.last == 9 { text.removeLast() }
        var blankLines = 0
        while let byte = next, isSpace(byte) {
            if byte == 10 { blankLines += 1 }
            index += 1
        }
        text += blankLines == 0 ? [32] : [UInt8](repeating: 10, count: blankLines)
    }

    private mutating func escape() throws -> [UInt8] {
        guard let byte = next else { throw FrontMatterError() }
        index += 1
        switch byte {
        case UInt8(ascii: "n"): return [10]
        case UInt8(ascii: "t"): return [9]
        case UInt8(ascii: "r"): return [13]
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "'"):
            return [byte]
        case UInt8(ascii: "x"), UInt8(ascii: "u"), UInt8(ascii: "U"):
            let count = byte == UInt8(ascii: "x") ? 2 : byte == UInt8(ascii: "u") ? 4 : 8
            guard index + count <= bytes.count,
                let value = UInt32(
                    String(decoding: bytes[index..<index + count], as: UTF8.self), radix: 16),
                value > 0, let scalar = Unicode.Scalar(value)
            else { throw FrontMatterError() }
            index += count
            return Array(String(Character(scalar)).utf8)
        default: throw FrontMatterError()
        }
    }

    /// A bare word as a value: a number, a boolean, null, else text (dates, too).
    static func scalar(_ text: String) -> JSONValue {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .bool(true)
        case "false", "False", "FALSE": return .bool(false)
        default: break
        }
        // A number with a leading zero is a code, as a rule: 02139.
        let digits = text.drop { $0 == "-" || $0 == "+" }
        let isCode = digits.first == "0" && digits.dropFirst().first?.isNumber == true
        let isNumeric = digits.utf8.allSatisfy {
            (48...57).contains($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "e")
                || $0 == UInt8(ascii: "E") || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+")
        }
        if isNumeric, !isCode, digits.utf8.contains(where: { (48...57).contains($0) }) {
            if let integer = Int64(text) { return .integer(integer) }
            if let number = Double(text), number.isFinite { return .number(number) }
        }
        return .string(text)
    }
}
