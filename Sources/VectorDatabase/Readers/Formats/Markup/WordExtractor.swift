/// DOCX (ECMA-376): the text of `word/document.xml`, then of notes. Titled by the property, else by
/// the first paragraph in the style Title, else by the first heading.
struct WordExtractor: TextExtractor {
    func extract(_ content: FileContent) throws -> [ExtractedText] {
        let path = content.file.path
        let archive = try ZipArchive(
            content.bytes, path: path, limit: content.options.recordLimit)
        func parse(_ name: String, _ handler: some MarkupHandler) throws {
            guard let bytes = try archive.entry(name) else { return }
            do {
                try MarkupParser.parse(
                    bytes, isHTML: false, isUTF8: false, handler: handler, path: path)
            } catch is TextBuilder.TooLong {
                throw SourceError.fileTooLarge(path: path, limit: content.options.recordLimit)
            }
        }
        guard archive.names["word/document.xml"] != nil else {
            throw SourceError.unusableContent(
                path: path, reason: "is not a Word document: it has no word/document.xml")
        }
        let properties = ElementText(text: ["dc:title"])
        try parse("docProps/core.xml", properties)
        let styles = WordStyles()
        try parse("word/styles.xml", styles)
        let text = WordText(styles: styles.levels, limit: content.options.recordLimit)
        for part in ["document", "footnotes", "endnotes"] { try parse("word/\(part).xml", text) }
        let title = properties.values["dc:title"] ?? ""
        return [
            ExtractedText(
                text: text.finished(), title: title.isEmpty ? text.title : title, layout: .markdown)
        ]
    }
}

/// The outline level of each paragraph style; 0 is a title.
private final class WordStyles: MarkupHandler {
    /// By the style's id, which may be in any language; its name is English.
    private(set) var levels: [String: Int] = [:]
    private var id: String?

    func start(_ name: String, _ attributes: MarkupAttributes) {
        switch name {
        case "w:style": id = attributes["w:styleId"]
        case "w:name":
            guard let id, let value = attributes["w:val"]?.lowercased() else { return }
            if value == "title" {
                levels[id] = 0
            } else if value.hasPrefix("heading "), let level = Int(value.dropFirst(8)) {
                levels[id] = level
            }
        default: break
        }
    }

    func end(_ name: String) { if name == "w:style" { id = nil } }
    func text(_ bytes: UnsafeBufferPointer<UInt8>) {}
}

private final class WordText: MarkupHandler {
    private(set) var title = ""
    private var text: TextBuilder
    private let styles: [String: Int]
    private var isInRunText = false
    /// Elements inside of `mc:Fallback`, which repeats what comes before it.
    private var skipped = 0
    private var level: Int?
    private var paragraph: [UInt8] = []
    private var heading = ""

    private static let longestTitle = 1000

    init(styles: [String: Int], limit: Int) {
        self.styles = styles
        text = TextBuilder(limit: limit)
    }

    func finished() -> String { text.finished() }

    func start(_ name: String, _ attributes: MarkupAttributes) throws {
        if skipped > 0 || name == "mc:Fallback" {
            skipped += 1
            return
        }
        switch name {
        case "w:p":
            text.end(lines: 2)
            (level, paragraph) = (nil, [])
        case "w:pStyle":
            level = attributes["w:val"].flatMap { styles[$0] }
            if let level {
                text.begin(
                    mark: String(repeating: "#", count: min(max(level, 1), 6)) + " ", lines: 2)
            }
        case "w:numPr": if level == nil { text.begin(mark: "- ", lines: 1) }
        case "w:t": isInRunText = true
        case "w:tab", "w:tc": text.space()
        case "w:br", "w:cr": text.end(lines: 1)
        default: break
        }
    }

    func end(_ name: String) {
        if skipped > 0 {
            skipped -= 1
            return
        }
        switch name {
        case "w:t": isInRunText = false
        case "w:p":
            let found = paragraph.joinedByWords
            if level == 0, title.isEmpty { title = found }
            if level != nil, heading.isEmpty { heading = found }
            text.endMarked(lines: 2)
        case "w:document": if title.isEmpty { title = heading }
        default: break
        }
    }

    func text(_ bytes: UnsafeBufferPointer<UInt8>) throws {
        guard isInRunText, skipped == 0 else { return }
        if level != nil, paragraph.count < Self.longestTitle { paragraph += bytes }
        try text.append(bytes)
    }
}
