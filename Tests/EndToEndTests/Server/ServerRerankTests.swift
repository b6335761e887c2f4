import Foundation
import TestSupport
import Testing

/// Reranking over HTTP, compared with what the command line says.
@Suite(.serialized) struct ServerRerankTests {
    private let vdb = Program()
    private let path = "/v1/collections/default/query"

    /// A language model of 14,000 weights with the tiny model's tokenizer.
    private static let model = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../TrainingTests/Fixtures/tiny").standardizedFileURL.path

    @Test func byQuestion() async throws {
        try vdb.ingestCorpus()
        let server = try RunningServer(vdb, "--rerank-model", Self.model)
        let cases: [(body: String, arguments: [String])] = [
            (#"{"query":"gas","rerank":2}"#, ["--rerank", "2", "--rerank-model", Self.model]),
            (
                #"{"query":"gas","rerank_by":"question","mode":"lexical"}"#,
                ["--rerank-model", Self.model, "--mode", "lexical"]
            ),
            (#"{"query":"gas","rerank":3,"rerank_by":"document"}"#, ["--rerank", "3"]),
            (#"{"query":"gas"}"#, []),
        ]
        for (body, arguments) in cases {
            let answer = try await server.request("POST", path, body)
            let printed = try vdb.run(["query", "gas", "--format", "json"] + arguments)
            #expect(answer.status == 200 && printed.status == 0)
            let (found, expected) = (answer.object.list("hits"), printed.object.list("hits"))
            #expect(found.count == expected.count && !found.isEmpty)
            for (hit, other) in zip(found, expected) {
                #expect(hit.string("id") == other.string("id"), "\(body)")
                for key in ["score", "log_probability"] {
                    #expect(hit[key] as? Double == other[key] as? Double, "\(body): \(key)")
                }
            }
        }
        let many = try await server.request(
            "POST", "/v1/collections/default/queries",
            #"{"queries":[{"query":"gas","rerank":2},{"query":"gas"}]}"#)
        let answers = many.object.list("answers")
        let one = try await server.request("POST", path, cases[0].body)
        #expect(answers.first?.hitIDs == one.object.hitIDs && answers.count == 2)
        let explained = try await server.request(
            "POST", path, #"{"query":"gas","rerank":2,"explain":true}"#)
        #expect(explained.text.contains(#""rerank""#))
        #expect(server.terminate() == 0)
    }

    @Test func whatCannotBeRerankedIsRefused() async throws {
        try vdb.ingestCorpus()
        let server = try RunningServer(vdb)
        let missing = try await server.request(
            "POST", path, #"{"query":"gas","rerank_by":"question"}"#)
        #expect(missing.status == 501 && missing.code == "rerank_model_missing")
        #expect(missing.object.string("param") == "rerank_by")
        #expect(missing.object.int("exit_status") == 69)
        let wrong = try await server.request(
            "POST", path, #"{"query":"gas","rerank_by":"magic"}"#)
        #expect(wrong.status == 400 && wrong.code == "value_wrong")
        #expect(wrong.object.string("expected") == "one of question, document")
        let none = try await server.request(
            "POST", path, #"{"query":"gas","rerank":0,"rerank_by":"document"}"#)
        #expect(none.status == 400 && none.object.string("param") == "rerank")
        // A vector is not a question.
        let zeros = Array(repeating: "0.1", count: 384).joined(separator: ",")
        let vector = try await server.request(
            "POST", path, #"{"vector":[\#(zeros)],"rerank":2}"#)
        #expect(vector.status == 400 && vector.code == "text_needed", "\(vector.text)")
        try vdb.fails(66, "nowhere", "serve", "--rerank-model", "nowhere")
    }
}
