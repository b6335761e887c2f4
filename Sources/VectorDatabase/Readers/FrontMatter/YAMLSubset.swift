import JSON

/// The part of YAML that front matter uses: maps, lists and scalars, nested by indentation or in
/// brackets; quoted, plain and block texts; comments. Anchors, aliases, tags and several documents are
/// refused, so that nothing can refer to anything else.
struct YAMLSubset {
    private struct Line {
        let indent: Int
        let text: Substring
    }

    /// Lines without comments and blank lines; for block texts, `raw` has all.
    private let raw: [Substring]
    private var index = 0

    /// - Throws: ``FrontMatterError`` for anything else than a map in this part of the language.
    static func parse(_ text: String) throws -> JSONObject {
        var parser = YAMLSubset(
            raw: text.split(separator: "\n", omittingEmptySubsequences: false))
        guard let first = try parser.peek() else { return [:] }
        let value = try parser.map(indent: first.indent, depth: 0)
        guard try parser.peek() == nil else { throw FrontMatterError() }
        return value
    }

    private init(raw: [Substring]) { self.raw = raw }

    /// The next line that has content; skips blank ones and comments.
    private mutating func peek() throws -> Line? {
        while index < raw.count {
            let line = raw[index]
            let indent = line.prefix { $0 == " " }.count
            let text = line.dropFirst(indent)
            if text.isEmpty || text.allSatisfy(\.isWhitespace) || text.first == "#" {
                index += 1
                continue
            }
            if text.first == "\t" { throw FrontMatterError() }
            return Line(indent: indent, text: text)
        }
        return nil
    }

    private mutating func map(indent: Int, depth: Int) throws -> JSONObject {
        guard depth < FrontMatterCursor.deepest else { throw FrontMatterError() }
        var object: JSONObject = [:]
        while let line = try peek(), line.indent == indent, !Self.isItem(line.text) {
            let (key, rest) = try Self.key(line.text)
            index += 1
            object[key] = try value(rest, of: indent, depth: depth)
        }
        if let line = try peek(), line.indent > indent { throw FrontMatterError() }
        return object
    }

    private static func isItem(_ text: Substring) -> Bool { text == "-" || text.hasPrefix("- ") }

    /// The key of a line, and what follows its colon.
    private static func key(_ text: Substring) throws -> (String, Substring) {
        if let quote = text.first, quote == "\"" || quote == "'" {
            var cursor = FrontMatterCursor(text)
            cursor.index = 1
            let key = try cursor.quoted(quote, isYAML: true)
            cursor.skipSpace()
            guard cursor.take(":") else { throw FrontMatterError() }
            return (key, text[text.utf8.index(text.startIndex, offsetBy: cursor.index)...])
        }
        var place = text.startIndex
        while let colon = text[place...].firstIndex(of: ":") {
            let after = text.index(after: colon)
            if after == text.endIndex || text[after] == " " || text[after] == "\t" {
                let key = text[..<colon].reversed().drop(while: \.isWhitespace).reversed()
                guard let first = key.first, !"&*!|>%@`[]{}?#,".contains(first) else {
                    throw FrontMatterError()
                }
                return (String(key), text[after...])
            }
            place = after
        }
        throw FrontMatterError()
    }

    /// The value after a key or a dash on a line of the given indentation.
    private mutating func value(_ rest: Substring, of indent: Int, depth: Int) throws -> JSONValue {
        guard depth < FrontMatterCursor.deepest else { throw FrontMatterError() }
        let text = rest.drop(while: \.isWhitespace)
        if text.isEmpty || text.first == "#" {
            guard let next = try peek() else { return .null }
            // The dashes of a list may stand under the first letter of its key.
            if Self.isItem(next.text), next.indent >= indent {
                return try list(indent: next.indent, depth: depth + 1)
            }
            if next.indent > indent {
                if (try? Self.key(next.text)) != nil {
                    return .object(try map(indent: next.indent, depth: depth + 1))
                }
                return try plain("", of: indent)
            }
            return .null
        }
        switch text.first {
        case "|", ">": return .string(try block(text, of: indent))
        case "&", "*", "!", "%", "@", "`": throw FrontMatterError()
        case "[", "{", "\"", "'": return try flow(text)
        default: return try plain(text, of: indent)
        }
    }

    private mutating func list(indent: Int, depth: Int) throws -> JSONValue {
        guard depth < FrontMatterCursor.deepest else { throw FrontMatterError() }
        var values: [JSONValue] = []
        while let line = try peek(), line.indent == indent, Self.isItem(line.text) {
            let rest = line.text.dropFirst(1)
            let inner = rest.drop { $0 == " " }
            index += 1
            // `- key: value` begins a map whose other keys are indented like this one.
            if let (key, after) = try? Self.key(inner), inner.first != "\"", inner.first != "[",
                inner.first != "{"
            {
                let column = indent + 1 + rest.count - inner.count
                var object: JSONObject = [:]
                object[key] = try value(after, of: column, depth: depth + 1)
                if let next = try peek(), next.indent == column, !Self.isItem(next.text) {
                    for (name, value) in try map(indent: column, depth: depth + 1) {
                        object[name] = value
                    }
                }
                values.append(.object(object))
            } else {
                values.append(try value(rest, of: indent, depth: depth + 1))
            }
        }
        return .array(values)
    }

    /// A text without quotes, which may continue on lines that are indented more.
    private mutating func plain(_ text: Substring, of indent: Int) throws -> JSONValue {
        var parts = text.isEmpty ? [] : [Self.withoutComment(text)]
        while let next = try peek(), next.indent > indent {
            parts.append(Self.withoutComment(next.text))
            index += 1
        }
        let joined = parts.joined(separator: " ")
        // A colon in a continued text is a mistake in the indentation.
        if parts.count > 1, joined.contains(": ") { throw FrontMatterError() }
        return FrontMatterCursor.scalar(joined)
    }

    private static func withoutComment(_ text: Substring) -> String {
        var result = text
        var before: Character = "x"
        for place in text.indices {
            if text[place] == "#", before == " " || before == "\t" {
                result = text[..<place]
                break
            }
            before = text[place]
        }
        return String(result.reversed().drop(while: \.isWhitespace).reversed())
    }

    /// A text after `|`, which keeps its lines, or `>`, which joins them.
    private mutating func block(_ header: Substring, of indent: Int) throws -> String {
        let marks = Self.withoutComment(header)
        guard marks.dropFirst().allSatisfy({ "+-0123456789".contains($0) }) else {
            throw FrontMatterError()
        }
        var lines: [Substring] = []
        var margin: Int?
        while index < raw.count {
            let line = raw[index]
            let spaces = line.prefix { $0 == " " }.count
            if line.count == spaces {
                lines.append("")
            } else {
                if spaces <= indent { break }
                let edge = margin ?? spaces
                margin = edge
                lines.append(line.dropFirst(min(edge, spaces)))
            }
            index += 1
        }
        while lines.last?.isEmpty == true { lines.removeLast() }
        guard marks.first == ">" else { return lines.joined(separator: "\n") }
        var text = ""
        for line in lines {
            if line.isEmpty {
                text += "\n"
            } else {
                text += (text.isEmpty || text.hasSuffix("\n") ? "" : " ") + line
            }
        }
        return text
    }

    // MARK: In brackets

    /// A quoted text, or a list or map in brackets, which may go on over several lines.
    ///
    /// - Parameter text: where it begins, a part of the whole front matter.
    private mutating func flow(_ text: Substring) throws -> JSONValue {
        // Once over all that follows: line by line, long lists would take quadratic time.
        var cursor = FrontMatterCursor(text.base[text.startIndex...])
        let value = try Self.flowValue(&cursor, depth: 0)
        index += cursor.bytes[..<cursor.index].count { $0 == 10 }
        cursor.skipSpace()
        if let next = cursor.next, next != 10, next != UInt8(ascii: "#") {
            throw FrontMatterError()
        }
        return value
    }

    private static func flowValue(
        _ cursor: inout FrontMatterCursor, depth: Int
    ) throws -> JSONValue {
        guard depth < FrontMatterCursor.deepest else { throw FrontMatterError() }
        cursor.skipSpace(acrossLines: true)
        if cursor.take("\"") { return .string(try cursor.quoted("\"", isYAML: true)) }
        if cursor.take("'") { return .string(try cursor.quoted("'", isYAML: true)) }
        if cursor.take("[") {
            var values: [JSONValue] = []
            while true {
                cursor.skipSpace(acrossLines: true)
                if cursor.take("]") { return .array(values) }
                values.append(try flowValue(&cursor, depth: depth + 1))
                cursor.skipSpace(acrossLines: true)
                if !cursor.take(","), cursor.next != UInt8(ascii: "]") { throw FrontMatterError() }
            }
        }
        if cursor.take("{") {
            var object: JSONObject = [:]
            while true {
                cursor.skipSpace(acrossLines: true)
                if cursor.take("}") { return .object(object) }
                guard case .string(let key) = try flowValue(&cursor, depth: depth + 1) else {
                    throw FrontMatterError()
                }
                cursor.skipSpace(acrossLines: true)
                guard cursor.take(":") else { throw FrontMatterError() }
                object[key] = try flowValue(&cursor, depth: depth + 1)
                cursor.skipSpace(acrossLines: true)
                if !cursor.take(","), cursor.next != UInt8(ascii: "}") { throw FrontMatterError() }
            }
        }
        return try bare(&cursor)
    }

    /// A plain text within brackets: up to a comma, a bracket, a comment, or a colon before a space.
    private static func bare(_ cursor: inout FrontMatterCursor) throws -> JSONValue {
        var text: [UInt8] = []
        while let byte = cursor.next {
            if ",[]{}\n".utf8.contains(byte) { break }
            let after =
                cursor.index + 1 < cursor.bytes.count ? cursor.bytes[cursor.index + 1] : 32
            if byte == UInt8(ascii: ":"), " ,[]{}\n".utf8.contains(after) { break }
            if byte == UInt8(ascii: "#"), text.last == 32 { break }
            text.append(byte)
            cursor.index += 1
        }
        while text.last == 32 || text.last == 9 { text.removeLast() }
        guard let first = text.first, !"&*!|>%@`".utf8.contains(first) else {
            throw FrontMatterError()
        }
        return FrontMatterCursor.scalar(String(decoding: text, as: UTF8.self))
    }
}
