import Foundation

/// EPUB: the text of the chapters in reading order, each once. Titled by the book's title.
struct EPUBExtractor: TextExtractor {
    func extract(_ content: FileContent) throws -> [ExtractedText] {
        let path = content.file.path
        let limit = content.options.recordLimit
        let archive = try ZipArchive(content.bytes, path: path, limit: limit)
        func parse(_ name: String, _ handler: some MarkupHandler) throws {
            guard let bytes = try archive.entry(name) else {
                throw SourceError.unusableContent(
                    path: path, reason: "is not an EPUB: it has no \(name)")
            }
            try MarkupParser.parse(
                bytes, isHTML: false, isUTF8: false, handler: handler, path: path)
        }
        let container = ElementText(text: [], attributes: ["rootfile": ["full-path"]])
        try parse("META-INF/container.xml", container)
        let package = container.attributes["rootfile"]?.first?["full-path"] ?? ""
        let book = ElementText(
            text: ["dc:title", "dc:creator"],
            attributes: ["item": ["id", "href", "media-type"], "itemref": ["idref"]])
        try parse(package, book)
        var places: [String: String] = [:]
        for item in book.attributes["item"] ?? []
        where item["media-type"]?.contains("html") ?? true {
            if let id = item["id"], let href = item["href"] { places[id] = href }
        }
        let folder = package.split(separator: "/").dropLast()
        var text = ""
        for reference in book.attributes["itemref"] ?? [] {
            // Each chapter once, whatever the book says.
            guard let id = reference["idref"], let href = places.removeValue(forKey: id),
                let chapter = try archive.entry(Self.resolve(href, in: folder))
            else { continue }
            let found = try HTMLExtractor.text(chapter, path: path, limit: limit - text.utf8.count)
            text += (text.isEmpty || found.text.isEmpty ? "" : "\n") + found.text
        }
        var metadata: JSONObject = [:]
        if let author = book.values["dc:creator"] { metadata["author"] = .string(author) }
        return [
            ExtractedText(
                text: text, title: book.values["dc:title"] ?? "", layout: .markdown,
                metadata: metadata)
        ]
    }

    /// The name of an entry that a relative reference means.
    private static func resolve(_ href: String, in folder: ArraySlice<Substring>) -> String {
        let place = href.prefix { $0 != "#" }
        var names = folder.map(String.init)
        for name in place.split(separator: "/") where name != "." {
            if name == ".." {
                _ = names.popLast()
            } else {
                names.append(name.removingPercentEncoding ?? String(name))
            }
        }
        return names.joined(separator: "/")
    }
}
