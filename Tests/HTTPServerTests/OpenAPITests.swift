import Foundation
import HTTPServer
import JSON
import ModelContextProtocol
import TestSupport
import Testing
import VectorDatabase

/// The OpenAPI document describes the routes that there are, and no others.
@Suite struct OpenAPITests {
    private func document() throws -> JSONObject {
        try #require(JSONValue(parsing: HTTPServer.openAPI).objectValue)
    }

    @Test func describesEveryRouteAndNoOther() throws {
        let folder = TemporaryFolder()
        let database = try Database(path: folder.path + "/a.vdb")
        defer { try? database.close() }
        let server = HTTPServer(
            ServerConfiguration(
                database: database, queue: EmbeddingQueue(limit: 1),
                address: .host("127.0.0.1", port: 0), version: "0",
                log: ServerLog(write: nil, report: { _, _ in }), tools: { _ in NoTools() }))
        var described: [String] = []
        for (path, item) in try #require(document()["paths"]?.objectValue) {
            for method in item.objectValue?.keys ?? [] where method != "parameters" {
                described.append("\(method.uppercased()) \(path)")
            }
        }
        #expect(described.sorted() == server.operations.sorted())
    }

    /// Every variable of a path has its parameter, every reference its target.
    @Test func isComplete() throws {
        let document = try document()
        let components = try #require(document["components"]?.objectValue)
        func check(_ value: JSONValue) {
            switch value {
            case .array(let values): values.forEach(check)
            case .object(let members):
                if let reference = members["$ref"]?.stringValue {
                    let parts = reference.split(separator: "/").map(String.init)
                    #expect(
                        parts.count == 4 && components[parts[2]]?.objectValue?[parts[3]] != nil,
                        "\(reference)")
                }
                members.values.forEach(check)
            default: break
            }
        }
        check(.object(document))
        for (path, item) in try #require(document["paths"]?.objectValue) {
            let variables = path.matches(of: /\{(\w+)\}/).map { String($0.1) }
            #expect(variables == Self.parameters(of: item), "\(path)")
        }
    }

    /// The names of a path's parameters; those of references are the components'.
    private static func parameters(of item: JSONValue) -> [String] {
        let parameters = item.objectValue?["parameters"]?.arrayValue ?? []
        return parameters.compactMap { parameter -> String? in
            if let name = parameter.objectValue?["name"]?.stringValue { return name }
            let reference = parameter.objectValue?["$ref"]?.stringValue
            return reference?.split(separator: "/").last.map(String.init)
        }
    }
}

private struct NoTools: ToolProvider {
    let tools: [Tool] = []
    func instructions() async -> String { "" }
    func call(_ name: String, arguments: JSONObject) async throws -> ToolResult? { nil }
}
