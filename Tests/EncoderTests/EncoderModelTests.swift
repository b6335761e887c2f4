import AutoRegEmbed
import Foundation
import Tensors
import TestSupport
import Testing
import Transformer

@testable import Encoder

/// States and vectors equal to transformers' and sentence-transformers'.
@Suite struct EncoderModelTests {
    @Test(arguments: EncoderFixture.plain)
    func statesEqualTransformers(_ name: String) throws {
        let texts = try EncoderFixture.read(name).none
        let model = try EncoderModel(folder: EncoderFixture.folder(name))
        let states = try model.states(of: texts.map(\.ids), reducedBy: .none, threads: 2)
        for (found, text) in zip(states, texts) {
            let far = difference(found, try #require(text.states))
            #expect(far < 3e-5, "\(text.text.debugDescription): off by \(far)")
        }
    }

    @Test(arguments: EncoderFixture.plain + EncoderFixture.sentences)
    func vectorsEqualReference(_ name: String) throws {
        let fixture = try EncoderFixture.read(name)
        var options = AutoRegEmbedder.Options()
        options.precision = .float32
        let embedder = try EncoderEmbedder(
            folder: EncoderFixture.folder(name), options: options)
        #expect(embedder.usesMeanByDefault == EncoderFixture.plain.contains(name))
        for (instruction, texts) in [
            (Instruction.none, fixture.none), (.next, fixture.query), (.self_, fixture.document),
        ] {
            for text in texts ?? [] {
                #expect(embedder.inputTokens(text.text, instruction: instruction) == text.ids)
                let found = try embedder.encode([text.text], instruction: instruction)[0]
                let far = difference(found.vector, text.vector)
                #expect(far < 1e-5, "\(instruction) \(text.text.debugDescription): off by \(far)")
                #expect(found.tokenCount == text.ids.count)
            }
        }
        let long = try embedder.encode(
            [String(repeating: "heron ", count: 99), "a"], instruction: .none)
        #expect(long.map(\.isTruncated) == [true, false])
    }

    /// A text's vector is the same to the bit alone and among others, with any number of threads.
    @Test(arguments: ["plain", "mean", "cls"], [ComputePrecision.float32, .bfloat16])
    func vectorsDoNotDependOnOtherTexts(_ name: String, _ precision: ComputePrecision) throws {
        let texts = try EncoderFixture.read(name).none.map(\.text)
        var generator = RandomSource.forTest(11)
        let many = (0..<200).map { _ in
            (0..<Int.random(in: 0..<20, using: &generator)).map { _ in
                texts[Int.random(in: 0..<5, using: &generator)]
            }.joined(separator: " ")
        }
        var options = AutoRegEmbedder.Options()
        options.precision = precision
        options.threads = 1
        let alone = try EncoderEmbedder(folder: EncoderFixture.folder(name), options: options)
        options.threads = 3
        let together = try EncoderEmbedder(folder: EncoderFixture.folder(name), options: options)
        let vectors = try together.encode(many, instruction: .next).map(\.vector)
        for (text, vector) in zip(many, vectors) {
            #expect(try alone.encode([text], instruction: .next)[0].vector == vector)
        }
    }

    @Test(arguments: ["plain", "mean"])
    func bfloat16IsClose(_ name: String) throws {
        var options = AutoRegEmbedder.Options()
        options.precision = .bfloat16
        let embedder = try EncoderEmbedder(
            folder: EncoderFixture.folder(name), options: options)
        for text in try EncoderFixture.read(name).none {
            let found = try embedder.encode([text.text], instruction: .none)[0].vector
            let cosine = zip(found, text.vector).reduce(0) { $0 + $1.0 * $1.1 }
            #expect(cosine > 0.998, "\(text.text.debugDescription): \(cosine)")
        }
    }

    /// The checkpoint's own type decides, and the one row that cls and last need is that of all states.
    @Test func precisionAndRows() throws {
        #expect(try EncoderEmbedder(folder: EncoderFixture.folder("mean")).arithmetic == "bfloat16")
        #expect(
            try EncoderEmbedder(folder: EncoderFixture.folder("masked")).arithmetic == "float32")
        let model = try EncoderModel(folder: EncoderFixture.folder("plain"))
        let ids = try EncoderFixture.read("plain").none.map(\.ids)
        let all = try model.states(of: ids, reducedBy: .none)
        let width = model.configuration.hiddenSize
        for (reduction, row) in [
            (EncoderModel.Reduction.first, { (states: [Float]) in Array(states.prefix(width)) }),
            (.last, { Array($0.suffix(width)) }),
        ] {
            let rows = try model.states(of: ids, reducedBy: reduction)
            for (found, states) in zip(rows, all) {
                #expect(difference(found, row(states)) < 1e-5)
            }
        }
    }

    @Test func checksTokens() throws {
        let model = try EncoderModel(folder: EncoderFixture.folder("plain"))
        for token in [Int32(-1), 152, .max] {
            #expect(throws: ModelError.tokenOutOfRange(token: token, vocabulary: 152)) {
                try model.states(of: [[1, token]], reducedBy: .mean)
            }
        }
        #expect(throws: ModelError.emptySequence) {
            try model.states(of: [[1], []], reducedBy: .mean)
        }
        #expect(throws: ModelError.cancelled) {
            try model.states(of: [[1]], reducedBy: .mean, isCancelled: { true })
        }
    }
}
