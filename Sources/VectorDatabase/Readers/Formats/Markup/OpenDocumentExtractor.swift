/// ODT (OpenDocument): the text of `content.xml`, without tracked deletions and comments. Titled by
/// the property, else by the first heading.
struct OpenDocumentExtractor: TextExtractor {
    func extract(_ content: FileContent) throws -> [ExtractedText] {
        let path = content.file.path
        let limit = content.options.recordLimit
        let archive = try ZipArchive(content.bytes, path: path, limit: limit)
        guard let body = try archive.entry("content.xml") else {
            throw SourceError.unusableContent(
                path: path, reason: "is not an OpenDocument text: it has no content.xml")
        }
        let properties = ElementText(text: ["dc:title"])
        if let bytes = try archive.entry("meta.xml") {
            try MarkupParser.parse(
                bytes, isHTML: false, isUTF8: false, handler: properties, path: path)
        }
        let text = OpenDocumentText(limit: limit)
        do {
            try MarkupParser.parse(body, isHTML: false, isUTF8: false, handler: text, path: path)
        } catch is TextBuilder.TooLong {
            throw SourceError.fileTooLarge(path: path, limit: limit)
        }
        let title = properties.values["dc:title"] ?? ""
        return [
            ExtractedText(
                text: text.finished(), title: title.isEmpty ? text.title : title, layout: .markdown)
        ]
    }
}

private final class OpenDocumentText: MarkupHandler {
    var title: String { heading.joinedByWords }
    private var text: TextBuilder
    private var skipped = 0
    private var paragraphs = 0
    private var heading: [UInt8] = []
    private var isInFirstHeading = false
    private var hadHeading = false

    private static let leftOut: Set<String> = [
        "text:tracked-changes", "office:annotation", "text:table-of-content", "office:forms",
    ]
    private static let longestTitle = 1000

    init(limit: Int) { text = TextBuilder(limit: limit) }

    func finished() -> String { text.finished() }

    func start(_ name: String, _ attributes: MarkupAttributes) throws {
        if skipped > 0 || Self.leftOut.contains(name) {
            skipped += 1
            return
        }
        switch name {
        case "text:h":
            let level = attributes["text:outline-level"].flatMap { Int($0) } ?? 1
            text.begin(mark: String(repeating: "#", count: min(max(level, 1), 6)) + " ", lines: 2)
            paragraphs += 1
            isInFirstHeading = !hadHeading
        case "text:p":
            paragraphs += 1
            // The first paragraph of an item follows the item's mark.
            text.end(lines: 1)
        case "text:list-item": text.begin(mark: "- ", lines: 1)
        case "text:tab", "text:s", "table:table-cell": text.space()
        case "text:line-break": text.end(lines: 1)
        default: break
        }
    }

    func end(_ name: String) {
        if skipped > 0 {
            skipped -= 1
            return
        }
        switch name {
        case "text:h":
            paragraphs -= 1
            if isInFirstHeading { (isInFirstHeading, hadHeading) = (false, true) }
            text.endMarked(lines: 2)
        case "text:p":
            paragraphs -= 1
            text.end(lines: 2)
        case "text:list-item": text.endMarked(lines: 1)
        default: break
        }
    }

    func text(_ bytes: UnsafeBufferPointer<UInt8>) throws {
        guard skipped == 0, paragraphs > 0 else { return }
        if isInFirstHeading, heading.count < Self.longestTitle { heading += bytes }
        try text.append(bytes)
    }
}
