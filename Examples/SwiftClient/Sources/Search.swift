import AsyncHTTPClient
import Foundation
import NIOCore

/// Stores documents in a running `vdb serve` and searches them.
///
///     swift run search [http://127.0.0.1:7373]
@main struct Search {
    struct Document: Encodable {
        let id: String
        let text: String
    }

    struct Answer: Decodable {
        struct Hit: Decodable {
            let id: String
            let text: String
            let score: Double
        }

        let hits: [Hit]
    }

    /// What the server says of a request that it refuses (RFC 9457).
    struct Problem: Decodable, Error {
        let code: String
        let detail: String
    }

    static func main() async throws {
        let server = CommandLine.arguments.dropFirst().first ?? "http://127.0.0.1:7373"
        let collection = server + "/v1/collections/swift-client"
        let documents = [
            Document(id: "tides", text: "The moon pulls the oceans into two bulges."),
            Document(id: "bread", text: "Yeast breathes out the gas that raises dough."),
            Document(id: "apples", text: "Bramleys keep until spring if they do not touch."),
        ]
        _ = try await post(["documents": documents], to: collection + "/documents")
        let answer = try JSONDecoder().decode(
            Answer.self,
            from: await post(["query": "how long do apples keep?"], to: collection + "/query"))
        for hit in answer.hits.prefix(1) { print(hit.id, hit.text, separator: ": ") }
    }

    /// Sends JSON.
    ///
    /// - Returns: the body of the answer.
    /// - Throws: ``Problem`` if the server refuses.
    static func post(_ body: some Encodable, to url: String) async throws -> Data {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        if let key = ProcessInfo.processInfo.environment["VDB_API_KEY"] {
            request.headers.add(name: "Authorization", value: "Bearer \(key)")
        }
        request.body = .bytes(try JSONEncoder().encode(body))
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
        let answer = Data(try await response.body.collect(upTo: 32 << 20).readableBytesView)
        guard (200..<300).contains(response.status.code) else {
            throw try JSONDecoder().decode(Problem.self, from: answer)
        }
        return answer
    }
}
