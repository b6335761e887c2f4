import JSON
import ModelContext
import ModelContextProtocol
import PostgresStorage
import PostgresTestSupport
import TestSupport
import Testing
import VectorDatabase

/// Vectors of hashed words.
struct HashEmbedder: Embedder {
    let identity = EmbedderIdentity(name: "hash", fingerprint: "hash-8", dimensions: 8)

    private func encode(_ texts: [String]) -> [EncodedText] {
        texts.map { text in
            EncodedText(
                vector: HashEmbedding.vector(of: text, dimensions: 8),
                tokenCount: text.split(separator: " ").count, isTruncated: false)
        }
    }

    func embedQueries(_ texts: [String]) async throws -> [EncodedText] { encode(texts) }
    func embedDocuments(_ texts: [String]) async throws -> [EncodedText] { encode(texts) }
}

/// A database of its own, and the tools over it.
struct Fixture {
    let folder = TemporaryFolder()
    let source: DatabaseSource
    let tools: DatabaseTools

    /// A path, or a URI.
    let location: String

    /// - Parameter other: whose database it is; `nil` for one that does not exist yet.
    init(
        _ store: TestStore = .file, isReadOnly: Bool = false, servedCollection: String? = nil,
        in other: Fixture? = nil
    ) throws {
        var options = DatabaseOptions()
        options.findEmbedder = { _ in HashEmbedder() }
        let location = try other?.location ?? store.location(in: folder)
        self.location = location
        source =
            switch store {
            case .file:
                DatabaseSource(path: location, isReadOnly: isReadOnly, options: options)
            case .postgres:
                DatabaseSource(at: location, isReadOnly: isReadOnly, options: options) {
                    try Database(postgres: location, options: $0)
                }
            }
        tools = DatabaseTools(source: source, servedCollections: servedCollection.map { [$0] }) {
            "\($0)"
        }
    }

    func ingest(_ documents: [Document], into collection: String = "default") async throws {
        try await source.database(creates: true).collection(collection).ingest(documents)
    }

    /// Calls a tool; what it answers must match its schema.
    func call(_ name: String, _ arguments: JSONObject = [:]) async throws -> JSONValue {
        let result = try #require(try await tools.call(name, arguments: arguments))
        guard case .content(let content) = result else {
            Issue.record("\(name) failed: \(result)")
            return .null
        }
        let value = try JSONValue(parsing: content.bytes)
        let tool = try #require(tools.tools.first { $0.name == name })
        try tool.output.check(value)
        return value
    }

    /// The sentence of a call that fails.
    func failure(_ name: String, _ arguments: JSONObject = [:]) async throws -> String {
        guard case .failure(let sentence)? = try await tools.call(name, arguments: arguments) else {
            Issue.record("\(name) should fail")
            return ""
        }
        return sentence
    }
}

extension JSONValue {
    /// The ids of documents or hits.
    func ids(_ key: String) -> [String] {
        (self[key]?.arrayValue ?? []).compactMap { $0["id"]?.stringValue }
    }
}
