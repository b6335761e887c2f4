import VectorDatabase

/// Files of documents: the first byte chooses the format, the rest is the file.
enum RecordsTarget {
    private static let formats: [SourceFormat] = [
        .jsonLines, .csv, .tsv, .automatic, .text, .markdown, .fvecs, .npy, .org,
        .rst, .code, .html, .docx, .odt, .epub, .notebook, .mail, .mailbox, .npz,
    ]

    static func run(_ input: [UInt8]) async throws {
        guard let first = input.first else { return }
        let file = try InputFile(Array(input.dropFirst()))
        var options = SourceOptions()
        options.format = formats[Int(first & 0x7F) % formats.count]
        options.skipsFailures = first & 0x80 != 0
        options.recordLimit = 1 << 20
        var lines = ""
        var documents: [Document] = []
        var size = 0
        do {
            for try await document in try DocumentReader([file.path], options: options) {
                try FuzzFailure.require(!document.id.isEmpty, "a document without an identifier")
                size += document.text.utf8.count + document.title.utf8.count
                documents.append(document)
                if documents.count >= 1000 { break }
            }
        } catch is SourceError {}
        // Ends up here as well after what came before a fault: what was given must be sound.
        for document in documents where document.vector == nil { lines += line(document) + "\n" }
        try await requireSame(lines, as: documents.filter { $0.vector == nil })
    }

    /// What was read can be written as JSON Lines and read again.
    private static func requireSame(_ lines: String, as documents: [Document]) async throws {
        let copy = try InputFile(Array(lines.utf8), ending: ".jsonl")
        var index = 0
        for try await document in try DocumentReader([copy.path]) {
            let expected = documents[index]
            try FuzzFailure.require(
                document.id == expected.id && document.text == expected.text
                    && document.title == expected.title && document.metadata == expected.metadata,
                "\(expected) reads as \(document)")
            index += 1
        }
        try FuzzFailure.require(index == documents.count, "\(documents.count) became \(index)")
    }

    private static func line(_ document: Document) -> String {
        JSONValue.object([
            "_id": .string(document.id), "title": .string(document.title),
            "text": .string(document.text), "metadata": .object(document.metadata),
        ]).jsonText
    }
}
