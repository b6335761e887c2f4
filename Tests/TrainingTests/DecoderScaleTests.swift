import AutoRegEmbed
import Foundation
import Tensors
import Testing
import TrainingTestSupport

@testable import Training

/// A scaled decoder input against a model that needs none: the same weights, with those of the
/// final norm multiplied, beside the original as its decoder.
struct DecoderScaleTests {
    private static let scale = 0.3
    private static let norm = "model.norm.weight"

    /// The tiny model with its final norm's weights multiplied, which names the tiny one as its
    /// decoder.
    private func scaledModel(_ fixture: TrainingFixture) throws -> String {
        let original = try TrainingFixture.path("tiny")
        let folder = fixture.output("scaled")
        try FileManager.default.copyItem(atPath: original, toPath: folder)
        let file = try SafetensorsFile(path: original + "/model.safetensors")
        let tensors = try file.names.map { try file.tensor(named: $0) }
        try SafetensorsWriter.write(
            to: folder + "/model.safetensors",
            tensors: tensors.map { .init(name: $0.name, shape: $0.shape, elementType: .float32) }
        ) { declaration, write in
            var values = try file.tensor(named: declaration.name).floats()
            if declaration.name == Self.norm { values = values.map { $0 * Float(Self.scale) } }
            try values.withUnsafeBytes { try write($0) }
        }
        try set("decoder", original, folder)
        return folder
    }

    private func set(_ key: String, _ value: Any, _ folder: String) throws {
        var settings = try settings(folder)
        settings[key] = value
        try JSONSerialization.data(withJSONObject: settings)
            .write(to: URL(filePath: folder + "/autoregembed.json"))
    }

    private func settings(_ folder: String) throws -> [String: Any] {
        try #require(
            try JSONSerialization.jsonObject(
                with: Data(contentsOf: URL(filePath: folder + "/autoregembed.json")))
                as? [String: Any])
    }

    /// All weights but the norm's have the same gradients, so whole runs have the same losses.
    @Test(arguments: ["compress", "align sigmoid", "align kl"])
    func runsEqualThoseOfTheScaledModel(name: String) throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        let words = name.split(separator: " ").map(String.init)
        var options = try fixture.options(try #require(TrainingStage(rawValue: words[0])))
        if words.count > 1 {
            options.similarity = try #require(AlignmentSimilarity(rawValue: words[1]))
        }
        options.frozen = ["model.norm"]
        let plain = try fixture.losses(options)
        options.decoderScale = .factor(Self.scale)
        let got = try fixture.losses(options)
        options.decoderScale = nil
        options.model = try scaledModel(fixture)
        let want = try fixture.losses(options)
        #expect(abs(plain[0] - got[0]) > 1e-3)
        for (a, b) in zip(got, want) { #expect(abs(a - b) <= 2e-5 * max(abs(b), 0.1)) }
    }

    @Test func scoresEqualThoseOfTheScaledModel() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        let scaled = try scaledModel(fixture)
        let folder = fixture.output("with")
        try FileManager.default.copyItem(
            atPath: TrainingFixture.path("tiny"), toPath: folder)
        let without = try AutoRegEmbedder(folder: URL(filePath: folder))
        try set("decoder_scale", Self.scale, folder)
        let with = try AutoRegEmbedder(folder: URL(filePath: folder))
        let want = try AutoRegEmbedder(folder: URL(filePath: scaled))
        let texts = ["air flows", "the wing of a plane lifts it"]
        func scores(_ embedder: AutoRegEmbedder) throws -> [Double] {
            try embedder.score(query: "the wing", documents: texts).map(\.logProbability)
        }
        let (got, expected) = (try scores(with), try scores(want))
        for (a, b) in zip(got, expected) { #expect(abs(a - b) < 1e-4) }
        #expect(abs(try scores(without)[0] - got[0]) > 1e-3)
        #expect(
            try with.decode("the wing", instruction: .self_, maximumTokens: 20)
                == want.decode("the wing", instruction: .self_, maximumTokens: 20))
        // Neither vectors nor what identifies them depend on it.
        #expect(with.identity.fingerprint == without.identity.fingerprint)
        #expect(
            try with.encode(texts, instruction: .self_).map(\.vector)
                == without.encode(texts, instruction: .self_).map(\.vector))
    }

    /// The derivative along a direction through all weights is the difference quotient's.
    @Test(arguments: [nil, 4] as [Int?])
    func gradientsAreThoseOfFiniteDifferences(rank: Int?) throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        var options = try fixture.options(.compress)
        options.adapterRank = rank
        options.decoderScale = .factor(Self.scale)
        let backend = CPUBackend(threads: 1)
        let model = try TrainableModel(options, backend: backend)
        let source = CompressSource(
            data: try TrainingData(path: options.data, stage: .compress, needsNegative: false),
            inputs: try model.inputs(options),
            choice: PairChoice(negatives: 1, seed: 0, shuffles: false))
        let examples = try (0..<4).map { try source.example($0) }
        let loss = CompressLoss(model: model.conditional)
        let facts = BatchFacts(
            rows: examples.count, targetTokens: examples.reduce(0) { $0 + $1.target.count },
            dropoutSeed: nil)
        func value() -> Double {
            let tape = Tape(backend: backend, isRecording: false)
            return Double(tape.values(loss.loss(tape, examples, batch: facts))[0])
        }
        let tape = Tape(backend: backend)
        tape.backward(from: loss.loss(tape, examples, batch: facts))
        // Along the gradient, whose derivative is its squared norm.
        let gradients = model.trained.map { $0.slot?.take()?.array ?? [] }
        let squared = gradients.joined().reduce(0.0) { $0 + Double($1) * Double($1) }
        func move(by step: Double) {
            for (parameter, gradient) in zip(model.trained, gradients) {
                let weights = parameter.value.floats(backend)
                for (index, g) in gradient.enumerated() { weights.floats[index] += Float(step) * g }
                parameter.value.floatsChanged()
            }
        }
        let step = 1e-3 / squared.squareRoot()
        move(by: step)
        let above = value()
        move(by: -2 * step)
        let below = value()
        let quotient = (above - below) / (2 * step)
        #expect(squared > 0)
        #expect(abs(quotient - squared) < 1e-2 * squared, "\(quotient), gradient \(squared)")
    }

    @Test func theSettingIsWrittenAndKept() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        var options = try fixture.options(.compress, output: "plain")
        _ = try fixture.losses(options)
        #expect(try settings(options.output)["decoder_scale"] == nil)
        options.output = fixture.output("one")
        options.decoderScale = .factor(1)
        _ = try fixture.losses(options)
        for name in ["autoregembed.json", "model.safetensors"] {
            #expect(
                try Data(contentsOf: URL(filePath: fixture.output("one/\(name)")))
                    == Data(contentsOf: URL(filePath: fixture.output("plain/\(name)"))))
        }
        options.output = fixture.output("half")
        options.decoderScale = .factor(0.5)
        _ = try fixture.losses(options)
        #expect(try settings(options.output)["decoder_scale"] as? Double == 0.5)

        // The next stages keep it, and one may set another.
        var next = try fixture.options(.contrast, model: options.output, output: "contrast")
        _ = try fixture.losses(next)
        #expect(try settings(next.output)["decoder_scale"] as? Double == 0.5)
        next = try fixture.options(.align, model: options.output, output: "align")
        let kept = try fixture.losses(next)
        next.decoderScale = .factor(1)
        #expect(try abs(fixture.losses(next)[0] - kept[0]) > 1e-4)
        #expect(try settings(next.output)["decoder_scale"] == nil)
    }

    @Test func theAutomaticFactorIsTheRatioOfSizes() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        var options = try fixture.options(.compress)
        options.decoderScale = .automatic
        _ = try fixture.losses(options)
        let file = try SafetensorsFile(path: TrainingFixture.path("tiny/model.safetensors"))
        func size(_ name: String) throws -> Double {
            let values = try file.tensor(named: name).floats()
            return (values.reduce(0.0) { $0 + Double($1 * $1) } / Double(values.count))
                .squareRoot()
        }
        let want = try size("model.embed_tokens.weight") / size(Self.norm)
        let written = try settings(options.output)
        let got = try #require(written["decoder_scale"] as? Double)
        #expect(abs(got - want) <= 5e-4 * want)
        let offset = try #require(written["decoder_offset"] as? [Double])
        #expect(offset.contains { abs($0) > 1e-4 })
        // The same again, so that a resumed run computes what it began with.
        options.output = fixture.output("again")
        _ = try fixture.losses(options)
        #expect(try settings(options.output)["decoder_offset"] as? [Double] == offset)
    }

    /// Fitted, the states of the texts that it is fitted to have the mean of the decoder's
    /// embeddings.
    @Test func theFittedInputHasTheMeanOfTheEmbeddings() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        let options = try fixture.options(.compress)
        let backend = CPUBackend(threads: 1)
        let model = try TrainableModel(options, backend: backend)
        let source = CompressSource(
            data: try TrainingData(path: options.data, stage: .compress, needsNegative: false),
            inputs: try model.inputs(options),
            choice: PairChoice(negatives: 1, seed: 0, shuffles: false))
        let inputs = try (0..<5).map { try source.example($0).input }
        let fitted = try #require(DecoderInput.fitted(model.conditional, inputs, backend: backend))
        let tape = Tape(backend: backend, isRecording: false)
        let states = fitted.applied(
            tape, to: model.conditional.encode(tape, inputs, dropoutSeed: nil))
        let table = try SafetensorsFile(path: TrainingFixture.path("tiny/model.safetensors"))
            .tensor(named: "model.embed_tokens.weight").floats()
        let width = states.shape[1]
        func mean(_ values: [Float], _ column: Int) -> Double {
            let column = stride(from: column, to: values.count, by: width).map {
                Double(values[$0])
            }
            return column.reduce(0, +) / Double(column.count)
        }
        let values = tape.values(states)
        for column in 0..<width {
            #expect(abs(mean(values, column) - mean(table, column)) < 1e-5)
        }
    }

    /// An offset changes scores and decoding as it changes the loss of training, and no vector.
    @Test func anOffsetEntersScoresAndLossesAlike() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        let folder = fixture.output("shifted")
        try FileManager.default.copyItem(atPath: TrainingFixture.path("tiny"), toPath: folder)
        let without = try AutoRegEmbedder(folder: URL(filePath: folder))
        let width = without.dimensions
        let offset = (0..<width).map { Double($0 % 7) * 0.11 - 0.3 }
        try set("decoder_offset", offset, folder)
        try set("decoder_scale", 0.5, folder)
        let with = try AutoRegEmbedder(folder: URL(filePath: folder))
        let (query, text) = ("the wing", "the wing of a plane lifts it")
        #expect(
            try with.encode([text], instruction: .self_).map(\.vector)
                == without.encode([text], instruction: .self_).map(\.vector))
        #expect(with.identity.fingerprint == without.identity.fingerprint)
        let score = try with.score(query: query, documents: [text])[0]
        #expect(
            abs(
                try without.score(query: query, documents: [text])[0].logProbability
                    - score.logProbability) > 1e-3)

        var options = try fixture.options(.compress)
        options.model = folder
        options.data = fixture.output("row.jsonl")
        try Data(#"{"query": "\#(query)", "pos": ["\#(text)"]}"#.utf8)
            .write(to: URL(filePath: options.data))
        (options.batchSize, options.maximumSteps, options.learningRate) = (1, 1, 0)
        let loss = try fixture.losses(options)[0]
        let perToken = -score.logProbability / Double(score.tokenCount)
        #expect(abs(Double(loss) - perToken) < 1e-4, "\(loss) \(perToken)")
        // It is kept by a stage that starts from the model, and refused if its length is wrong.
        let kept = try #require(try settings(options.output)["decoder_offset"] as? [Double])
        #expect(kept.map { Float($0) } == offset.map { Float($0) })
        // A given factor takes the place of both.
        options.output = fixture.output("factor")
        options.decoderScale = .factor(0.25)
        _ = try fixture.losses(options)
        let factor = try settings(options.output)
        #expect(factor["decoder_scale"] as? Double == 0.25 && factor["decoder_offset"] == nil)
        options.decoderScale = nil
        try set("decoder_offset", [0.5], folder)
        #expect(throws: AutoRegEmbedError.self) {
            try AutoRegEmbedder(folder: URL(filePath: folder))
        }
        #expect(throws: TrainingError.self) {
            try TrainableModel(options, backend: CPUBackend(threads: 1))
        }
        for bad in [["x"], [], "0"] as [Any] {
            try set("decoder_offset", bad, folder)
            #expect(throws: AutoRegEmbedError.self) {
                try AutoRegEmbedder(folder: URL(filePath: folder))
            }
        }
    }

    @Test func newTokensStartAsTheTokenThatIsNamed() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        for rank in [nil, 4] as [Int?] {
            var options = try fixture.options(.compress)
            options.adapterRank = rank
            options.model = try TrainingFixture.path("bare")
            options.compressedTokenStart = "the wing"
            let model = try TrainableModel(options, backend: CPUBackend(threads: 1))
            let token = try #require(model.tokenizer.tokenizer.encode("the wing").last)
            let width = model.configuration.hiddenSize
            let table = model.conditional.encoder.embedding.value.stored
            let want = (0..<width).map { table.floats[Int(token) * width + $0] }
            let rows = try #require(model.compressedTokenRows)
            #expect(!model.tokenizer.added.isEmpty)
            for row in rows.rows {
                let values = rows.parameter.value.stored
                #expect((0..<width).map { values.floats[row * width + $0] } == want)
            }
        }
    }

    @Test func scoresOfAnotherScaleAreComputedAgain() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        var options = try fixture.options(.align)
        options.referenceScores = fixture.output("scores.jsonl")
        func computed() throws -> Int {
            var computed = 0
            _ = try Trainer.run(
                options, overwriting: true,
                progress: {
                    if case .preparing(.referenceScores, let done, _) = $0 { computed = done }
                })
            return computed
        }
        #expect(try computed() == 8)
        #expect(try computed() == 0)
        options.decoderScale = .factor(0.5)
        #expect(try computed() == 8)
    }

    @Test func whatCannotBeIsRefused() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        for (stage, scale): (TrainingStage, DecoderScale) in [
            (.compress, .factor(0)), (.compress, .factor(-1)), (.align, .factor(.infinity)),
            (.align, .factor(.nan)), (.contrast, .factor(0.5)), (.pretrain, .automatic),
        ] {
            var options = try fixture.options(stage)
            options.decoderScale = scale
            #expect {
                try Trainer.run(options)
            } throws: { error in
                if case TrainingError.badOption(.decoderScale, _) = error { true } else { false }
            }
        }
        var options = try fixture.options(.compress)
        options.decoderScale = .factor(0.5)
        #expect(throws: TrainingError.self) { try fixture.losses(options, stoppingAfter: 2) }
        options.decoderScale = .automatic
        #expect {
            try fixture.losses(options, resuming: true)
        } throws: { "\($0)".hasPrefix("decoder_scale is auto but was 0.5 when") }
    }
}
