/// Plain text: the document is the text, titled by the file's name. Front matter is metadata.
struct PlainTextExtractor: TextExtractor {
    var readsParts: Bool { true }

    func extract(_ content: FileContent) throws -> [ExtractedText] {
        let (text, matter) = try content.textAndFrontMatter()
        return [
            ExtractedText(
                text: text, title: matter?.title ?? "", metadata: matter?.metadata ?? [:])
        ]
    }
}
