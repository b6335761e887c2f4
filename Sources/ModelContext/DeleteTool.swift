import ModelContextProtocol
import VectorDatabase

/// `delete`: deletes documents by their ids.
struct DeleteTool: DatabaseTool {
    let tools: DatabaseTools

    static let maximumDocuments = 100

    static let tool = Tool(
        name: "delete", title: "Delete documents",
        description: """
            Delete documents by their ids, for good. Only do this if the user asks for it. Ids that no \
            document has are ignored.
            """,
        input: .object(
            .required(
                "ids",
                .array(of: Schema(.text), most: maximumDocuments, least: 1, "The documents' ids.")),
            DatabaseTools.collectionArgument),
        output: .object(
            .required("deleted", .count("How many documents were deleted."))),
        effect: .changes)

    func call(_ arguments: JSONObject) async throws -> JSONWriter {
        let collection = try tools.collection(arguments, in: try tools.source.database())
        let deleted = try await collection.delete(arguments.strings("ids"))
        var line = JSONWriter()
        line.set("deleted", deleted)
        return line
    }
}
