import ModelContextProtocol
import TextBytes
import VectorDatabase

/// A database as the tools of a language model: `search`, `get`, `add`, `delete` and `stats`.
///
/// Each tool is a type with its schemas and its work; this one chooses among them and says which
/// collection is meant. An answer stays below 25,000 tokens, whatever is stored; the ids that a call
/// names are repeated whole.
package struct DatabaseTools: ToolProvider {
    let source: DatabaseSource
    /// The only collections that are served; `nil` for all.
    let servedCollections: [String]?
    /// One sentence for an error of this module or of the database.
    private let word: @Sendable (any Error) -> String

    /// - Parameters:
    ///   - servedCollections: the only collections that the tools reach; `nil` for all.
    ///   - word: says in one sentence what is wrong and what the model can do.
    package init(
        source: DatabaseSource, servedCollections: [String]?,
        word: @escaping @Sendable (any Error) -> String
    ) {
        self.source = source
        self.servedCollections = servedCollections
        self.word = word
    }

    /// The most bytes of an answer's JSON. Three bytes are about a token, or more than one.
    static let answerLength = 72_000

    private static let all: [any DatabaseTool.Type] = [
        SearchTool.self, GetTool.self, AddTool.self, DeleteTool.self, StatsTool.self,
    ]

    package var tools: [Tool] {
        Self.all.map { $0.tool }.filter { $0.effect == .reads || !source.isReadOnly }
    }

    package func call(_ name: String, arguments: JSONObject) async throws -> ToolResult? {
        guard let type = Self.all.first(where: { $0.tool.name.hasSameBytes(as: name) })
        else { return nil }
        do {
            if type.tool.effect == .changes, source.isReadOnly {
                throw ToolFailure.readOnly(tool: name)
            }
            do { try type.tool.input.check(.object(arguments)) } catch {
                throw ToolFailure.arguments(error, tool: name)
            }
            return .content(try await type.init(tools: self).call(arguments))
        } catch is CancellationError {
            throw CancellationError()
        } catch { return .failure(word(error)) }
    }

    package func instructions() async -> String { Instructions(tools: self).text }
}

/// One of the tools.
protocol DatabaseTool: Sendable {
    static var tool: Tool { get }
    init(tools: DatabaseTools)
    /// - Parameter arguments: match the tool's input schema.
    /// - Returns: an object that matches its output schema.
    func call(_ arguments: JSONObject) async throws -> JSONWriter
}

// MARK: Collections

extension DatabaseTools {
    /// The argument of every tool.
    static let collectionArgument = Schema.Member.optional(
        "collection",
        Schema(.text, "The collection; leave it out unless there are several (see stats)."))

    static let defaultCollection = "default"

    /// The names of the collections that exist and are served.
    func collectionNames(in database: Database) throws -> [String] {
        try database.collectionNames().filter(isServed)
    }

    private func isServed(_ name: String) -> Bool {
        servedCollections?.contains { $0.hasSameBytes(as: name) } ?? true
    }

    /// The name that the arguments give, else that of the only collection that is served, checked against what is served.
    func collectionName(_ arguments: JSONObject) throws -> String? {
        guard let name = arguments["collection"]?.stringValue else {
            return servedCollections?.count == 1 ? servedCollections?.first : nil
        }
        guard isServed(name) else {
            throw ToolFailure.collectionNotServed(name: name, served: servedCollections ?? [])
        }
        return name
    }

    /// The existing collection that the arguments mean: the one they name, else the default one, else
    /// the only one.
    func collection(_ arguments: JSONObject, in database: Database) throws -> DocumentCollection {
        let given = try collectionName(arguments)
        let names = try collectionNames(in: database)
        let wanted = given ?? Self.defaultCollection
        if names.contains(where: { $0.hasSameBytes(as: wanted) }) {
            return database.collection(wanted)
        }
        if given == nil, names.count == 1 { return database.collection(names[0]) }
        throw ToolFailure.collectionMissing(name: given, existing: names)
    }

    /// The collection that documents are added to: the same, or a new one of the given or the default
    /// name.
    func collectionToExtend(
        _ arguments: JSONObject, in database: Database
    ) throws -> DocumentCollection {
        if let given = try collectionName(arguments) { return database.collection(given) }
        if try collectionNames(in: database).isEmpty, isServed(Self.defaultCollection) {
            return database.collection(Self.defaultCollection)
        }
        return try collection(arguments, in: database)
    }
}
