import Foundation

/// reStructuredText: titled by the first line that is underlined with one repeated character.
struct RestructuredTextExtractor: TextExtractor {
    var readsParts: Bool { true }

    func extract(_ content: FileContent) throws -> [ExtractedText] {
        let text = try content.text()
        return [ExtractedText(text: text, title: Self.title(of: text), layout: .plain)]
    }

    private static func title(of text: String) -> String {
        var before: Substring = ""
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let name = before.trimmingCharacters(in: .whitespaces)
            if !name.isEmpty, !isAdornment(before), isAdornment(line),
                line.utf8.count >= name.count
            {
                return name
            }
            before = line
        }
        return ""
    }

    /// At least two of one punctuation character, and nothing else.
    private static func isAdornment(_ line: Substring) -> Bool {
        let line = line.trimmingCharacters(in: .whitespaces).utf8
        guard line.count >= 2, let first = line.first else { return false }
        return "=-`:'\"~^_*+#<>.".utf8.contains(first) && line.allSatisfy { $0 == first }
    }
}
