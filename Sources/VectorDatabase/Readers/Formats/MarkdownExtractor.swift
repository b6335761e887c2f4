import Foundation

/// Markdown: titled by the front matter's `title`, else by the first heading.
struct MarkdownExtractor: TextExtractor {
    var readsParts: Bool { true }

    func extract(_ content: FileContent) throws -> [ExtractedText] {
        let (text, matter) = try content.textAndFrontMatter()
        let title = matter?.title ?? ""
        return [
            ExtractedText(
                text: text, title: title.isEmpty ? Self.title(of: text) : title,
                layout: .markdown, metadata: matter?.metadata ?? [:])
        ]
    }

    /// The first heading; empty if there is none.
    static func title(of text: String) -> String {
        var segmenter = TextSegmenter(Array(text.utf8), layout: .markdown)
        guard let heading = segmenter.segments().first(where: { $0.kind == .heading }) else {
            return ""
        }
        let lines = String(decoding: Array(text.utf8)[heading.range], as: UTF8.self)
        return (lines.split(separator: "\n").first ?? "")
            .trimmingCharacters(in: CharacterSet(charactersIn: "# \t\r"))
    }
}
