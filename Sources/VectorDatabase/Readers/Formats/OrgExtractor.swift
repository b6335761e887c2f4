import Foundation

/// Org mode: titled by `#+TITLE:`, else by the first heading. Passages are cut at headings.
struct OrgExtractor: TextExtractor {
    var readsParts: Bool { true }

    func extract(_ content: FileContent) throws -> [ExtractedText] {
        let text = try content.text()
        var title = ""
        var heading = ""
        for line in text.split(separator: "\n") {
            if title.isEmpty, line.lowercased().hasPrefix("#+title:") {
                title = line.dropFirst(8).trimmingCharacters(in: .whitespaces)
            } else if heading.isEmpty, let found = Self.heading(line) {
                heading = found
            }
            if !title.isEmpty { break }
        }
        return [ExtractedText(text: text, title: title.isEmpty ? heading : title, layout: .org)]
    }

    /// The text of a headline: stars, then a space.
    private static func heading(_ line: Substring) -> String? {
        let stars = line.prefix { $0 == "*" }
        let rest = line[stars.endIndex...]
        guard !stars.isEmpty, rest.first == " " else { return nil }
        return rest.trimmingCharacters(in: .whitespaces)
    }
}
