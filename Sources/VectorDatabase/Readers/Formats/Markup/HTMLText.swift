/// Finds the text of an HTML document: without tags, scripts, styles, navigation and what is hidden.
///
/// Headings, items and paragraphs are kept as Markdown, which is where passages are cut.
final class HTMLText: MarkupHandler {
    /// The content of `title`, else of the first `h1`.
    var title: String { (isBlank(titleText) ? headingText : titleText).joinedByWords }

    private var text: TextBuilder
    private var titleText: [UInt8] = []
    private var headingText: [UInt8] = []
    /// Elements inside of one that is left out, itself included.
    private var skipped = 0
    private var isInTitle = false
    private var isInHeading = false
    private var hadHeading = false
    /// Elements inside of `article` or `main`, where a footer belongs to the text.
    private var articles = 0

    private static let leftOut: Set<String> = [
        "script", "style", "noscript", "template", "svg", "math", "canvas", "iframe", "object",
        "embed", "nav", "menu", "select", "button", "textarea",
    ]
    /// Elements that never have content, and so no end.
    private static let void: Set<String> = [
        "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param",
        "source", "track", "wbr",
    ]
    private static let blocks: Set<String> = [
        "p", "div", "section", "article", "main", "aside", "header", "footer", "blockquote", "ul",
        "ol", "dl", "table", "figure", "figcaption", "form", "fieldset", "details", "summary",
        "address", "body", "pre", "h1", "h2", "h3", "h4", "h5", "h6",
    ]
    private static let lines: Set<String> = ["li", "tr", "dt", "dd", "caption", "option"]

    /// - Parameter limit: the most bytes of text.
    init(limit: Int) { text = TextBuilder(limit: limit) }

    /// The text so far.
    func finished() -> String { text.finished() }

    func start(_ name: String, _ attributes: MarkupAttributes) {
        if skipped > 0 {
            if !Self.void.contains(name) { skipped += 1 }
            return
        }
        if isLeftOut(name, attributes) {
            if !Self.void.contains(name) { skipped = 1 }
            text.space()
            return
        }
        switch name {
        case "title": isInTitle = true
        case "br": text.end(lines: 1)
        case "hr": text.end(lines: 2)
        case "li": text.begin(mark: "- ", lines: 1)
        case "td", "th": text.space()
        case "pre":
            text.end(lines: 2)
            text.isVerbatim = true
        case "h1", "h2", "h3", "h4", "h5", "h6":
            let level = Int(name.utf8.last ?? 49) - 48
            text.begin(mark: String(repeating: "#", count: level) + " ", lines: 2)
            if name == "h1", !hadHeading { isInHeading = true }
        case "article", "main":
            articles += 1
            text.end(lines: 2)
        default:
            if Self.blocks.contains(name) { text.end(lines: 2) }
            if Self.lines.contains(name) { text.end(lines: 1) }
        }
    }

    private func isLeftOut(_ name: String, _ attributes: MarkupAttributes) -> Bool {
        if Self.leftOut.contains(name) { return true }
        // The page's own header and footer, not those of an article in it.
        if articles == 0, name == "footer" { return true }
        if name == "html" || name == "body" || name == "head" { return false }
        return attributes["hidden"] != nil || attributes["aria-hidden"] == "true"
            || attributes["role"] == "navigation"
    }

    func end(_ name: String) {
        if skipped > 0 {
            if !Self.void.contains(name) { skipped -= 1 }
            return
        }
        switch name {
        case "title": isInTitle = false
        case "pre":
            text.isVerbatim = false
            text.end(lines: 2)
        case "li": text.endMarked(lines: 1)
        case "h1", "h2", "h3", "h4", "h5", "h6":
            if isInHeading {
                isInHeading = false
                hadHeading = true
            }
            text.endMarked(lines: 2)
        case "article", "main":
            articles = max(0, articles - 1)
            text.end(lines: 2)
        default:
            if Self.blocks.contains(name) { text.end(lines: 2) }
            if Self.lines.contains(name) { text.end(lines: 1) }
        }
    }

    private static let longestTitle = 1000

    func text(_ bytes: UnsafeBufferPointer<UInt8>) throws {
        if isInTitle {
            if titleText.count < Self.longestTitle { titleText += bytes }
            return
        }
        if skipped > 0 { return }
        if isInHeading, headingText.count < Self.longestTitle { headingText += bytes }
        try text.append(bytes)
    }

    private func isBlank(_ bytes: [UInt8]) -> Bool { bytes.allSatisfy { isSpace($0) } }
}

extension [UInt8] {
    /// The words, joined by single spaces.
    var joinedByWords: String {
        split(whereSeparator: { isSpace($0) })
            .map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
    }
}
