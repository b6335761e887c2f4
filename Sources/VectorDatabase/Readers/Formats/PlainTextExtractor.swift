/// Plain text: the document is the text, titled by the file's name.
struct PlainTextExtractor: TextExtractor {
    func extract(_ content: FileContent) throws -> [ExtractedText] {
        [ExtractedText(text: try content.text())]
    }
}
