import VectorDatabase

/// A file of queries: `id<TAB>text` or JSON Lines with `_id`, `text` and optionally `vector`.
struct QueryFile {
    let path: String

    /// Queries searched at once: enough to encode efficiently and to keep all cores busy.
    private static let batchSize = 128

    /// Answers the queries in file order and prints each batch's answers.
    func answer(
        like prototype: Query, in collection: DocumentCollection, isQuiet: Bool,
        printer: AnswerPrinter
    ) async throws {
        var options = SourceOptions()
        options.numbersStreams = true
        let reader = try DocumentReader([path], options: options)
        let bar = ProgressLine(unit: "queries", isQuiet: isQuiet || Output.isTerminal)
        var batch: [Document] = []
        var done = 0
        func send() async throws {
            let answers = try await collection.query(batch.map { query(for: $0, like: prototype) })
            for (document, answer) in zip(batch, answers) {
                try printer.print(
                    answer, id: document.id,
                    details: try printer.details(of: answer, in: collection))
            }
            done += batch.count
            batch.removeAll()
            let bytes = reader.progress.bytes
            bar.update(
                done: done, total: reader.progress.totalBytes.map { $0 * done / max(1, bytes) })
        }
        for try await document in reader {
            guard document.layout == .record else {
                throw CommandFailure(
                    .badData,
                    "\(path): is not a file of queries; each line must be an id, a tab and a text, or a "
                        + "JSON object with _id and text")
            }
            batch.append(document)
            if batch.count == Self.batchSize { try await send() }
        }
        if !batch.isEmpty { try await send() }
        bar.clear()
    }

    private func query(for document: Document, like prototype: Query) -> Query {
        var query = prototype
        query.text = document.embeddedText
        query.vector = document.vector
        if document.vector != nil, query.text.isEmpty { query.mode = .dense }
        return query
    }
}
