import Foundation
import TestSupport
import Testing

/// The endpoints that encode texts, compared with `vdb embed`.
@Suite(.serialized) struct ServerEmbeddingTests {
    private let vdb = Program()

    private func printed(_ text: String, _ instruction: String) throws -> [Double] {
        let run = try vdb.run("embed", text, "--instruction", instruction)
        return run.object["embedding"] as? [Double] ?? []
    }

    private static func cosine(_ one: [Double], _ other: [Double]) -> Double {
        func dot(_ a: [Double], _ b: [Double]) -> Double {
            zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
        }
        return dot(one, other) / (dot(one, one) * dot(other, other)).squareRoot()
    }

    @Test func embed() async throws {
        try vdb.ingestCorpus()
        let server = try RunningServer(vdb)
        let answer = try await server.request(
            "POST", "/v1/embed", #"{"texts":["a text","another"],"instruction":"next"}"#)
        let found = answer.object.list("embeddings")
        #expect(found.compactMap { $0.string("text") } == ["a text", "another"])
        for entry in found {
            let own = entry["embedding"] as? [Double] ?? []
            let other = try printed(entry.string("text") ?? "", "next")
            #expect(own.count == other.count && Self.cosine(own, other) > 0.99999)
        }
        let line = try vdb.run("embed", "a text", "--instruction", "next").object
        #expect((found[0]["tokens"] as? [Int]) == line["tokens"] as? [Int])
        #expect(answer.object.int("truncated") == 0)
    }

    @Test func openAI() async throws {
        try vdb.ingestCorpus()
        let server = try RunningServer(vdb, "--model-alias", "text-embedding-3-small")
        let models = try await server.request("GET", "/v1/models")
        let names = models.object.list("data").compactMap { $0.string("id") }
        #expect(names.count == 6 && names.contains("text-embedding-3-small:query"))
        let name = names[0]
        func embedding(_ body: String) async throws -> [String: Any] {
            let answer = try await server.request("POST", "/v1/embeddings", body)
            #expect(answer.status == 200, "\(answer.text)")
            return answer.object
        }
        let asDocument = try await embedding(#"{"model":"\#(name)","input":"a text","user":"me"}"#)
        let own = asDocument.list("data")[0]["embedding"] as? [Double] ?? []
        #expect(Self.cosine(own, try printed("a text", "self")) > 0.99999)
        let usage = asDocument["usage"] as? [String: Int]
        #expect(
            usage?["prompt_tokens"] == usage?["total_tokens"] && usage?["total_tokens"] ?? 0 > 0)
        let asQuery = try await embedding(
            #"{"model":"text-embedding-3-small:query","input":["a text"]}"#)
        let query = asQuery.list("data")[0]["embedding"] as? [Double] ?? []
        #expect(Self.cosine(query, try printed("a text", "next")) > 0.99999)
        #expect(query != own)
        // The same bytes in base64.
        let encoded = try await embedding(
            #"{"model":"\#(name)","input":["a text",""],"encoding_format":"base64"}"#)
        let data = try #require(
            Data(base64Encoded: encoded.list("data")[0].string("embedding") ?? ""))
        let numbers = data.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
        #expect(numbers.count == own.count && encoded.list("data").count == 2)
        #expect(zip(numbers, own).allSatisfy { abs(Double($0) - $1) < 1e-5 })
    }

    @Test func openAIErrors() async throws {
        try vdb.ingestCorpus()
        let server = try RunningServer(vdb, "--model-alias", "m")
        func expect(
            _ status: Int, _ code: String, _ body: String,
            location: SourceLocation = #_sourceLocation
        ) async throws {
            let answer = try await server.request("POST", "/v1/embeddings", body)
            let error = answer.object["error"] as? [String: Any]
            #expect(
                answer.status == status && error?.string("code") == code, "\(answer.text)",
                sourceLocation: location)
            #expect(answer.headers["x-should-retry"] == "false", sourceLocation: location)
        }
        try await expect(404, "model_not_found", #"{"model":"none","input":"a"}"#)
        try await expect(400, "token_ids_refused", #"{"model":"m","input":[[15339,1917]]}"#)
        try await expect(400, "token_ids_refused", #"{"model":"m","input":[15339,1917]}"#)
        try await expect(400, "value_wrong", #"{"model":"m","input":"a","dimensions":3}"#)
        try await expect(400, "member_missing", #"{"model":"m"}"#)
        let long = String(repeating: "word ", count: 3000)
        try await expect(
            400, "input_too_long", #"{"model":"m","input":"\#(long)","truncate":false}"#)
        let cut = try await server.request(
            "POST", "/v1/embeddings", #"{"model":"m","input":["\#(long)","b"]}"#)
        #expect(cut.status == 200 && cut.headers["x-vdb-truncated"] == "1")
    }

    /// Token ids of a .tiktoken file are turned back into text.
    @Test func tokenIDsOfATable() async throws {
        try vdb.ingestCorpus()
        let pieces = ["hello", " world", "é"].map { Data($0.utf8).base64EncodedString() }
        try vdb.write(
            "table.tiktoken", "\(pieces[0]) 15339\n\(pieces[1]) 1917\n\(pieces[2]) 7\n")
        let server = try RunningServer(
            vdb, "--model-alias", "m", "--token-ids", "table.tiktoken")
        let answer = try await server.request(
            "POST", "/v1/embeddings", #"{"model":"m","input":[[15339,1917],"hello world"]}"#)
        let vectors = answer.object.list("data").compactMap { $0["embedding"] as? [Double] }
        #expect(vectors.count == 2 && vectors.first == vectors.last)
        let unknown = try await server.request(
            "POST", "/v1/embeddings", #"{"model":"m","input":[[8]]}"#)
        #expect(unknown.status == 400)
        try vdb.fails(65, "is not a .tiktoken file", "serve", "--token-ids", "corpus.jsonl")
    }

    /// Token ids of the model itself, as `vdb tokenize` prints them.
    @Test func tokenIDsOfTheModel() async throws {
        try vdb.ingestCorpus()
        let ids = try vdb.run("tokenize", "the tides of the sea").lines[0]
        let server = try RunningServer(vdb, "--model-alias", "m", "--token-ids", "model")
        let answer = try await server.request(
            "POST", "/v1/embeddings",
            #"{"model":"m","input":[\#(ids),"the tides of the sea"]}"#)
        let vectors = answer.object.list("data").compactMap { $0["embedding"] as? [Double] }
        #expect(vectors.count == 2 && vectors.first == vectors.last, "\(answer.text)")
        for unknown in ["[100000000]", "[-1]"] {
            let answer = try await server.request(
                "POST", "/v1/embeddings", #"{"model":"m","input":[\#(unknown)]}"#)
            let error = answer.object["error"] as? [String: Any]
            #expect(answer.status == 400 && error?.string("code") == "token_ids_unknown")
        }
    }

    /// Texts of many requests share batches, and each gets its own vectors.
    @Test func manyAtOnce() async throws {
        try vdb.ingestCorpus()
        let server = try RunningServer(vdb, "--model-alias", "m")
        let alone = try await server.request(
            "POST", "/v1/embeddings", #"{"model":"m","input":"text 3"}"#)
        let expected = alone.object.list("data")[0]["embedding"] as? [Double] ?? []
        let vectors = try await withThrowingTaskGroup(of: (Int, [Double]).self) { group in
            for number in 0..<16 {
                group.addTask { [server] in
                    let answer = try await server.request(
                        "POST", "/v1/embeddings",
                        #"{"model":"m","input":"text \#(number)"}"#)
                    return (
                        number, answer.object.list("data")[0]["embedding"] as? [Double] ?? []
                    )
                }
            }
            return try await group.reduce(into: [Int: [Double]]()) { $0[$1.0] = $1.1 }
        }
        #expect(Self.cosine(vectors[3] ?? [], expected) > 0.99999)
        #expect(Set(vectors.values.map { $0.first ?? 0 }).count == 16)
    }
}
