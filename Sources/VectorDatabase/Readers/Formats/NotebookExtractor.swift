import JSON

/// Jupyter notebooks: the text cells, and the code cells as Markdown's code, without outputs. Titled
/// by the first heading.
struct NotebookExtractor: TextExtractor {
    func extract(_ content: FileContent) throws -> [ExtractedText] {
        var parts: [String] = []
        do throws(JSONError) {
            try Self.read(content.bytes, into: &parts)
        } catch {
            throw SourceError.damaged(
                path: content.file.path,
                reason: "is not a notebook: expected \(error.expected) at byte \(error.offset + 1)")
        }
        let text = parts.joined(separator: "\n\n")
        return [
            ExtractedText(
                text: text.isEmpty ? "" : text + "\n", title: MarkdownExtractor.title(of: text),
                layout: .markdown)
        ]
    }

    private static func read(_ bytes: [UInt8], into parts: inout [String]) throws(JSONError) {
        let result = bytes.withUnsafeBytes { bytes -> Result<[String], JSONError> in
            var reader = JSONReader(
                bytes,
                rules: JSONReader.Rules(
                    maximumDepth: JSONValue.maximumDepth, refusesNull: true,
                    allowsByteOrderMark: true))
            var parts: [String] = []
            do throws(JSONError) {
                try readNotebook(&reader, into: &parts)
                return .success(parts)
            } catch { return .failure(error) }
        }
        parts = try result.get()
    }

    private static func readNotebook(
        _ reader: inout JSONReader, into parts: inout [String]
    ) throws(JSONError) {
        try reader.enterObject()
        while let key = try reader.nextKey() {
            if key == "cells" {
                try reader.enterArray()
                while try reader.nextElement() { try readCell(&reader, into: &parts) }
            } else if key == "worksheets" {
                // Before version 4, cells were in worksheets.
                try reader.enterArray()
                while try reader.nextElement() { try readNotebook(&reader, into: &parts) }
            } else {
                try reader.skip()
            }
        }
    }

    private static func readCell(
        _ reader: inout JSONReader, into parts: inout [String]
    ) throws(JSONError) {
        var kind = ""
        var source = ""
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "cell_type": kind = try reader.string()
            case "source", "input":
                if try reader.kind() == .array {
                    try reader.enterArray()
                    while try reader.nextElement() { source += try reader.string() }
                } else {
                    source = try reader.string()
                }
            default: try reader.skip()
            }
        }
        if source.utf8.allSatisfy({ isSpace($0) }) { return }
        parts.append(kind == "code" ? "```\n\(source)\n```" : source)
    }
}
