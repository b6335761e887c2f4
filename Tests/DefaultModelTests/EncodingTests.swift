import AutoRegEmbed
import DefaultModel
import Foundation
import Testing

/// What transformers computes with the same folder in float32 (`recipe/check_folder.py`).
private struct Reference: Decodable {
    let text: String
    let instruction: String
    let tokens: [Int32]
    let vector: [Float]

    var side: Instruction { instruction == "next" ? .next : .self_ }

    static func load() throws -> [Reference] {
        let url = try #require(
            Bundle.module.url(forResource: "Fixtures/vectors", withExtension: "json"))
        return try JSONDecoder().decode([Reference].self, from: Data(contentsOf: url))
    }
}

@Suite struct EncodingTests {
    @Test("ids and vectors are those of transformers")
    func parity() throws {
        var options = AutoRegEmbedder.Options()
        options.precision = .float32
        let embedder = try DefaultModel.embedder(options: options)
        for reference in try Reference.load() {
            #expect(
                embedder.inputTokens(reference.text, instruction: reference.side)
                    == reference.tokens)
            let vector = try embedder.encode([reference.text], instruction: reference.side)[0]
                .vector
            let cosine = zip(vector, reference.vector).reduce(0) { $0 + $1.0 * $1.1 }
            #expect(cosine > 0.99999, "\(reference.text.prefix(30))")
        }
    }

    @Test("in bfloat16, as it ships, a question is nearer to its answer than to another text")
    func retrieves() throws {
        let embedder = try DefaultModel.embedder()
        let references = try Reference.load()
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
