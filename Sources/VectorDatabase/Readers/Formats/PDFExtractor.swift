import FileFormat
import Foundation

/// PDF: the text of all pages, by poppler's programs, titled by the property.
///
/// The programs run as processes of their own with bounds on memory and time: a PDF can be made to
/// crash or to occupy a renderer, which then costs this file and no other.
struct PDFExtractor: TextExtractor {
    /// Whether poppler's programs are installed.
    static var isAvailable: Bool { BoundedProgram.find("pdftotext") != nil }

    func extract(_ content: FileContent) throws -> [ExtractedText] {
        let text = try run("pdftotext", ["-enc", "UTF-8", "/dev/stdin", "-"], content)
        // A form feed ends each page.
        let pages = text.split(separator: UInt8(ascii: "\u{0C}")).map { page in
            String(decoding: page.filter { $0 != 0 }, as: UTF8.self)
                .trimmingCharacters(in: .newlines)
        }
        let body = pages.filter { !$0.isEmpty }.joined(separator: "\n\n")
        var found = ExtractedText(text: body.isEmpty ? "" : body + "\n")
        if !body.isEmpty {
            let properties = properties(content)
            found.title = properties["Title"] ?? ""
            if let author = properties["Author"] { found.metadata["author"] = .string(author) }
        }
        return [found]
    }

    /// What pdfinfo prints: a name, a colon and a value on each line; empty if it fails.
    private func properties(_ content: FileContent) -> [String: String] {
        guard let output = try? run("pdfinfo", ["-enc", "UTF-8", "/dev/stdin"], content) else {
            return [:]
        }
        var result: [String: String] = [:]
        for line in String(decoding: output, as: UTF8.self).split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            if !value.isEmpty, value.lowercased() != "untitled" {
                result[String(line[..<colon])] = value
            }
        }
        return result
    }

    private func run(
        _ name: String, _ arguments: [String], _ content: FileContent
    ) throws -> [UInt8] {
        let path = content.file.path
        guard let program = BoundedProgram.find(name) else {
            throw SourceError.libraryMissing(
                path: path, library: name, package: "poppler-utils")
        }
        let outcome = try content.file.translating {
            try BoundedProgram.run(
                program, arguments, input: content.bytes,
                bounds: BoundedProgram.Bounds(output: content.options.recordLimit), name: path)
        }
        switch outcome {
        case .ended(0, let output, _): return output
        case .ended(_, _, let messages):
            if messages.contains("password") { throw SourceError.encrypted(path: path) }
            throw SourceError.damaged(path: path, reason: "is not a PDF, or is damaged")
        case .tookTooLong(let seconds):
            throw SourceError.unusableContent(
                path: path, reason: "takes more than \(seconds) seconds to read")
        case .wroteTooMuch(let limit): throw SourceError.fileTooLarge(path: path, limit: limit)
        }
    }
}
