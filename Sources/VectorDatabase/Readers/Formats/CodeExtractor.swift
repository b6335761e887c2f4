/// Source code: titled by the file's name with its extension, which says the language.
struct CodeExtractor: TextExtractor {
    var readsParts: Bool { true }

    func extract(_ content: FileContent) throws -> [ExtractedText] {
        let name = content.file.path.split(separator: "/").last.map(String.init) ?? ""
        return [
            ExtractedText(
                text: try content.text(), title: content.file.path == "-" ? "" : name,
                layout: .code)
        ]
    }
}
