import FileFormat
import Foundation

/// A message of electronic mail (RFC 5322) with its parts (MIME, RFC 2045 to 2047).
///
/// The text is that of the parts that are meant to be read: of alternatives the plain one, else HTML
/// without its tags. Attachments are left out.
struct MailMessage {
    private(set) var subject = ""
    private(set) var text = ""
    /// `from`, `to`, `cc`, `date` and `message_id`, as far as there are any.
    private(set) var metadata: JSONObject = [:]

    /// Parts inside of each other. Crafted messages have many.
    private static let deepest = 20
    private let path: String
    private let limit: Int
    /// Parts that may still be read.
    private var partsLeft = 1000

    /// - Parameters:
    ///   - bytes: the whole message.
    ///   - path: the file's name in errors.
    ///   - limit: the most bytes of text.
    init(_ bytes: ArraySlice<UInt8>, path: String, limit: Int) throws {
        self.path = path
        self.limit = limit
        let (headers, body) = Self.split(bytes)
        subject = MailHeader.decode(headers["subject"] ?? "")
        for (key, name) in [
            ("from", "from"), ("to", "to"), ("cc", "cc"), ("date", "date"),
            ("message-id", "message_id"),
        ] {
            let value = MailHeader.decode(headers[key] ?? "")
            if !value.isEmpty { metadata[name] = .string(value) }
        }
        var parts: [String] = []
        try read(headers, body, depth: 0, into: &parts)
        text = parts.joined(separator: "\n\n")
    }

    /// The headers by lower-case name, the first of each, and what follows the blank line.
    static func split(
        _ bytes: ArraySlice<UInt8>
    ) -> (headers: [String: String], body: ArraySlice<UInt8>) {
        var headers: [String: String] = [:]
        var rest = bytes
        var last: String?
        var lineCount = 0
        while !rest.isEmpty {
            var line = rest.prefix { $0 != 10 }
            rest = rest.dropFirst(line.count + 1)
            if line.last == 13 { line = line.dropLast() }
            if line.isEmpty { break }
            lineCount += 1
            if lineCount > 10_000 { continue }
            let text = String(decoding: line.prefix(10_000), as: UTF8.self)
            if line.first == 32 || line.first == 9 {
                if let last, headers[last]!.utf8.count < 100_000 {
                    headers[last]! += " " + text.trimmingCharacters(in: .whitespaces)
                }
                continue
            }
            guard let colon = text.firstIndex(of: ":") else { continue }
            let name = text[..<colon].lowercased()
            last = headers[name] == nil ? name : nil
            if last != nil {
                headers[name] = text[text.index(after: colon)...]
                    .trimmingCharacters(in: .whitespaces)
            }
        }
        return (headers, rest)
    }

    private mutating func read(
        _ headers: [String: String], _ body: ArraySlice<UInt8>, depth: Int,
        into parts: inout [String]
    ) throws {
        partsLeft -= 1
        guard depth < Self.deepest, partsLeft >= 0 else { return }
        let type = MailHeader.Parameters(headers["content-type"] ?? "text/plain")
        let disposition = MailHeader.Parameters(headers["content-disposition"] ?? "")
        if disposition.value == "attachment" { return }
        if type.value.hasPrefix("multipart/"), let boundary = type["boundary"] {
            let pieces = Self.parts(of: body, boundary: Array(boundary.utf8))
            try readParts(
                pieces.map(Self.split), isAlternative: type.value == "multipart/alternative",
                depth: depth + 1, into: &parts)
        } else if type.value == "message/rfc822" {
            let (headers, inner) = Self.split(body)
            let subject = MailHeader.decode(headers["subject"] ?? "")
            if !subject.isEmpty { parts.append(subject) }
            try read(headers, inner, depth: depth + 1, into: &parts)
        } else if type.value == "text/html" || type.value == "text/plain" || type.value.isEmpty {
            let decoded = MailHeader.decodeBody(body, headers["content-transfer-encoding"] ?? "")
            let text = MailHeader.text(decoded, charset: type["charset"])
            let readable =
                type.value == "text/html"
                ? try HTMLExtractor.text(text.utf8, path: path, limit: limit).text : text
            let trimmed = readable.trimmingCharacters(in: .newlines)
            if !trimmed.isEmpty { parts.append(trimmed) }
        }
    }

    private mutating func readParts(
        _ pieces: [(headers: [String: String], body: ArraySlice<UInt8>)], isAlternative: Bool,
        depth: Int, into parts: inout [String]
    ) throws {
        guard isAlternative else {
            for piece in pieces { try read(piece.headers, piece.body, depth: depth, into: &parts) }
            return
        }
        func kind(_ piece: (headers: [String: String], body: ArraySlice<UInt8>)) -> String {
            MailHeader.Parameters(piece.headers["content-type"] ?? "text/plain").value
        }
        // The plain one if it has a text, else the last one that has, which is the richest.
        let plain = pieces.filter { kind($0) == "text/plain" }
        for piece in plain + pieces.filter({ kind($0) != "text/plain" }).reversed() {
            var found: [String] = []
            try read(piece.headers, piece.body, depth: depth, into: &found)
            if !found.isEmpty {
                parts += found
                return
            }
        }
    }

    /// The pieces of a body between lines that begin with `--` and the boundary.
    private static func parts(
        of body: ArraySlice<UInt8>, boundary: [UInt8]
    ) -> [ArraySlice<UInt8>] {
        let mark = Array("--".utf8) + boundary
        var result: [ArraySlice<UInt8>] = []
        var start: Int?
        var rest = body
        while !rest.isEmpty {
            let line = rest.prefix { $0 != 10 }
            let lineStart = rest.startIndex
            rest = rest.dropFirst(line.count + 1)
            guard line.starts(with: mark) else { continue }
            let after = line.dropFirst(mark.count)
            let isLast = after.starts(with: "--".utf8)
            guard isLast || after.allSatisfy({ isSpace($0) }) else { continue }
            if let start { result.append(body[start..<lineStart]) }
            start = isLast ? nil : rest.startIndex
            if isLast || result.count >= 1000 { break }
        }
        if let start, start <= body.endIndex { result.append(body[start...]) }
        return result
    }
}
