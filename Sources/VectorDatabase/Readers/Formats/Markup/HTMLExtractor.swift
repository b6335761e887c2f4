import TextBytes

/// HTML: the text that a reader sees, titled by `title`.
struct HTMLExtractor: TextExtractor {
    func extract(_ content: FileContent) throws -> [ExtractedText] {
        let found = try Self.text(
            content.bytes, path: content.file.path, limit: content.options.recordLimit)
        return [ExtractedText(text: found.text, title: found.title, layout: .markdown)]
    }

    /// The text and the title of a page. Bytes that are UTF-8 are read as that, any others as the page
    /// says.
    static func text(
        _ bytes: some Collection<UInt8>, path: String, limit: Int
    ) throws -> (text: String, title: String) {
        let page = HTMLText(limit: limit)
        let bytes = Array(bytes)
        let isUTF8 = bytes.withUnsafeBufferPointer { UTF8Check.firstInvalidByte(in: $0) } == nil
        do {
            try MarkupParser.parse(
                bytes, isHTML: true, isUTF8: isUTF8, handler: page, path: path)
        } catch is TextBuilder.TooLong {
            throw SourceError.fileTooLarge(path: path, limit: limit)
        }
        return (page.finished(), page.title)
    }
}
