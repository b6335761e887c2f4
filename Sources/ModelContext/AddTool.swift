import ModelContextProtocol
import Synchronization
import VectorDatabase

/// `add`: stores documents, durably when it returns.
struct AddTool: DatabaseTool {
    let tools: DatabaseTools

    static let maximumDocuments = 100

    static let tool = Tool(
        name: "add", title: "Add documents",
        description: """
            Store documents so that search finds them, such as notes that the user asks you to \
            remember. They are saved when the call returns. A document with the id of another one is \
            an error unless on_conflict says otherwise; one that is stored already with the same \
            content is left as it is, so a call may be repeated.
            """,
        input: .object(
            .required(
                "documents",
                .array(
                    of: .object(
                        .optional(
                            "id",
                            Schema(
                                .text,
                                "Unique in the collection. Default: made from the content.")),
                        .optional("title", Schema(.string)),
                        .required("text", Schema(.text, "The text, of any length.")),
                        .optional(
                            "metadata",
                            Schema(
                                .anyObject,
                                """
                                Fields for where, such as {"topic": "travel", "year": 2026, "tag": \
                                ["a", "b"]}.
                                """))), most: maximumDocuments, least: 1, "The documents.")),
            .optional(
                "on_conflict",
                Schema(
                    .choice(IngestOptions.Conflict.toolNames),
                    "If the id exists with other content: stop, replace the old, or keep the old.",
                    default: "error")),
            DatabaseTools.collectionArgument),
        output: .object(
            .required("documents", .count("Documents settled.")),
            .required("inserted", .count("New ones.")),
            .required("replaced", .count()),
            .required("moved", .count()),
            .required("unchanged", .count("Stored already with the same content.")),
            .required("skipped", .count("Left out, since the id exists.")),
            .required("failed", .count()),
            .required("deleted", .count()),
            .required("truncated", .count("Passages that the model read only in part.")),
            .required("tokens", .count("Tokens encoded.")),
            .required("seconds", Schema(.number)),
            .required(
                "ids", .array(of: Schema(.string), "The documents' ids, in their order."))),
        effect: .changes)

    func call(_ arguments: JSONObject) async throws -> JSONWriter {
        // Before a database is created for a collection that is not served.
        _ = try tools.collectionName(arguments)
        let database = try tools.source.database(creates: true)
        let collection = try tools.collectionToExtend(arguments, in: database)
        let documents = (arguments["documents"]?.arrayValue ?? []).compactMap(\.objectValue)
            .map(Self.document)
        var options = IngestOptions()
        options.onConflict =
            arguments["on_conflict"]?.stringValue.flatMap { .init(rawValue: $0) } ?? .error
        // A note may be long, and is found by its best passage.
        options.chunking = Chunking(cutsRecords: true)
        let stored = Mutex(0)
        options.acknowledged = { count in stored.withLock { $0 = count } }
        let summary: IngestSummary
        do { summary = try await collection.ingest(documents, options: options) } catch {
            let count = stored.withLock { $0 }
            guard count > 0, !(error is CancellationError) else { throw error }
            throw ToolFailure.partlyAdded(count: count, reason: error)
        }
        var line = summary.json
        line.set("ids", .array(documents.map { .string($0.id) }))
        return line
    }

    private static func document(_ object: JSONObject) -> Document {
        var document = Document(
            id: "", text: object["text"]?.stringValue ?? "",
            title: object["title"]?.stringValue ?? "",
            metadata: object["metadata"]?.objectValue ?? [:], layout: .markdown)
        document.id = object["id"]?.stringValue ?? document.contentID
        return document
    }
}

extension IngestOptions.Conflict {
    /// The safest first.
    fileprivate static let toolNames = [Self.error, .replace, .skip].map(\.rawValue)
}
