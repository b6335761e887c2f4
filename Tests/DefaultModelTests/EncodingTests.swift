import AutoRegEmbed
import DefaultModel
import Foundation
import Testing

/// Compared with transformers and PEFT on the same folder in float32 (`recipe/check_folder.py`).
private struct Reference: Decodable {
    struct Text: Decodable {
        let text: String
        let instruction: String
        let tokens: [Int32]
        let vector: [Float]

        var side: Instruction { instruction == "next" ? .next : .self_ }
    }

    struct Score: Decodable {
        let query: String
        let document: String
        let log_probability: Double
    }

    let texts: [Text]
    let score: Score

    static func load() throws -> Reference {
        let url = try #require(
            Bundle.module.url(forResource: "Fixtures/expected", withExtension: "json"))
        return try JSONDecoder().decode(Reference.self, from: Data(contentsOf: url))
    }
}

@Suite struct EncodingTests {
    private func exactEmbedder() throws -> AutoRegEmbedder {
        var options = AutoRegEmbedder.Options()
        options.precision = .float32
        return try DefaultModel.embedder(options: options)
    }

    @Test("ids and vectors are those of transformers")
    func parity() throws {
        let embedder = try exactEmbedder()
        for reference in try Reference.load().texts {
            #expect(
                embedder.inputTokens(reference.text, instruction: reference.side)
                    == reference.tokens)
            let vector = try embedder.encode([reference.text], instruction: reference.side)[0]
                .vector
            let cosine = zip(vector, reference.vector).reduce(0) { $0 + $1.0 * $1.1 }
            #expect(cosine > 0.99999, "\(reference.text.prefix(30))")
        }
    }

    @Test("the decoder is the language model without the adapter")
    func decoder() throws {
        let reference = try Reference.load().score
        let score = try exactEmbedder().score(
            query: reference.query, documents: [reference.document])
        #expect(abs(score[0].logProbability - reference.log_probability) < 0.01)
    }

    @Test(
        "a question is nearer to its answer than to another text, as it ships and in bfloat16",
        arguments: [nil, ComputePrecision.bfloat16])
    func retrieves(precision: ComputePrecision?) throws {
        var options = AutoRegEmbedder.Options()
        options.precision = precision
        let embedder = try DefaultModel.embedder(options: options)
        #expect(embedder.precision == precision ?? .float32)
        let references = try Reference.load().texts
        let vectors = try references.map {
            try embedder.encode([$0.text], instruction: $0.side)[0].vector
        }
        for (vector, reference) in zip(vectors, references) {
            let cosine = zip(vector, reference.vector).reduce(0) { $0 + $1.0 * $1.1 }
            #expect(cosine > 0.995, "\(reference.text.prefix(30))")
        }
        let inner = { (one: Int, other: Int) in
            zip(vectors[one], vectors[other]).reduce(0) { $0 + $1.0 * $1.1 }
        }
        #expect(inner(0, 1) > inner(0, 2) + 0.2)
    }

    @Test("the identity names the model and its 384 dimensions, the same in every process")
    func identity() throws {
        let identity = try DefaultModel.embedder().identity
        #expect(identity.name == DefaultModel.name && identity.dimensions == 384)
        #expect(identity.fingerprint == (try DefaultModel.embedder().identity.fingerprint))
        #expect(identity.path == nil)
    }
}
