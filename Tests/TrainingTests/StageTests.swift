import AutoRegEmbed
import Foundation
import Tensors
import Testing
import TrainingTestSupport

@testable import Training

/// The first losses of every stage, similarity and strategy, and the weights after them, against
/// PyTorch in float64.
struct StageTests {
    private struct Case: Decodable {
        let losses: [Float]
        /// Of each weight the sum over i of w_i cos(i).
        let weights: [String: Double]
    }

    private static func cases() throws -> [String: Case] {
        let data = try Data(contentsOf: URL(filePath: TrainingFixture.path("losses.json")))
        return try JSONDecoder().decode([String: Case].self, from: data)
    }

    static let names = [
        "compress", "pretrain", "contrast", "contrast in-batch", "contrast last",
        "contrast in-batch mean", "align sigmoid 0", "align sigmoid 1", "align sigmoid 2",
        "align sigmoid 3", "align sigmoid 4", "align tanh 0",
        "align log-sigmoid 0", "align log-sigmoid 4", "align kl 0", "align js 0",
    ]

    private func options(_ name: String, _ fixture: TrainingFixture) throws -> TrainingOptions {
        let words = name.split(separator: " ").map(String.init)
        var options = try fixture.options(try #require(TrainingStage(rawValue: words[0])))
        if words[0] == "contrast" {
            options.usesInBatchNegatives = words.contains("in-batch")
            options.pooling = words.last.flatMap(Pooling.init)
        }
        if words[0] == "align" {
            options.similarity = try #require(AlignmentSimilarity(rawValue: words[1]))
            options.strategy = try #require(Int(words[2]).flatMap(AlignmentStrategy.init))
        }
        return options
    }

    @Test(arguments: names)
    func lossesAndWeightsEqualPyTorchs(name: String) throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        let expected = try #require(try Self.cases()[name])
        let losses = try fixture.losses(options(name, fixture))
        #expect(losses.count == expected.losses.count)
        for (got, want) in zip(losses, expected.losses) {
            #expect(abs(got - want) <= 1e-4 * max(abs(want), 0.01), "\(got), PyTorch \(want)")
        }
        let file = try SafetensorsFile(path: fixture.output("out") + "/model.safetensors")
        #expect(Set(file.names) == Set(expected.weights.keys))
        for (parameter, want) in expected.weights {
            let values = try file.tensor(named: parameter).floats()
            let got = values.enumerated().reduce(0.0) {
                $0 + Double($1.element) * cos(Double($1.offset))
            }
            // Every weight moves by about 4e-3 in these steps.
            let margin = 2e-5 * Double(values.count).squareRoot()
            #expect(abs(got - want) <= margin, "\(parameter): \(got), PyTorch \(want)")
        }
    }

    /// The folder says how it was trained, and embeds so.
    @Test(arguments: [Pooling.last, .mean])
    func theTrainedPoolingIsTheModels(_ pooling: Pooling) throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        var options = try fixture.options(.contrast, model: TrainingFixture.path("bare"))
        options.pooling = pooling
        options.adapterRank = 2
        _ = try fixture.losses(options)
        options.model = fixture.output("out")
        let backend = CPUBackend(threads: 1)
        let model = try TrainableModel(options, backend: backend)
        let inputs = try model.inputs(options)
        let texts = ["the wing lifts", "air flows faster above it"]
        let tape = Tape(backend: backend, isRecording: false)
        let trained = tape.values(
            model.conditional.vectors(
                tape, texts.map { inputs.input($0, instruction: inputs.instructions.own) },
                dropoutSeed: nil))
        let embedder = try AutoRegEmbedder(folder: URL(filePath: options.model))
        let vectors = try embedder.encode(texts, instruction: .self_, task: .retrieval)
            .flatMap(\.vector)
        #expect(vectors.count == trained.count)
        for (a, b) in zip(vectors, trained) { #expect(abs(a - b) < 1e-5) }
    }

    @Test func poolingIsOfContrastAlone() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        var options = try fixture.options(.compress)
        options.pooling = .last
        #expect { try fixture.losses(options) } throws: { error in
            if case TrainingError.badOption(.pooling, .needsContrast) = error {
                true
            } else {
                false
            }
        }
        options = try fixture.options(.contrast)
        options.pooling = .first
        #expect { try fixture.losses(options) } throws: { error in
            if case TrainingError.badOption(.pooling, .readsNoText) = error { true } else { false }
        }
    }

    @Test(arguments: names)
    func partsOfABatchAddUp(name: String) throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        var options = try options(name, fixture)
        let whole = try fixture.losses(options)
        options.microBatchSize = 1
        let parts = try fixture.losses(options)
        for (a, b) in zip(whole, parts) { #expect(abs(a - b) <= 1e-4 * max(1, abs(a))) }
        #expect(whole.count == parts.count)
    }

    /// Gradient caching gives the gradient that the whole batch at once gives, weight by weight.
    @Test(arguments: [nil, 3] as [Int?])
    func theCachedGradientIsThePlainOne(rank: Int?) throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        var options = try fixture.options(.contrast)
        options.adapterRank = rank
        let backend = CPUBackend(threads: 1)
        let model = try TrainableModel(options, backend: backend)
        let source = ContrastSource(
            data: try TrainingData(path: options.data, stage: .contrast, needsNegative: true),
            inputs: try model.inputs(options),
            choice: PairChoice(negatives: 2, seed: 0, shuffles: false))
        let examples = try (0..<6).map { try source.example($0) }
        let loss = ContrastLoss(
            model: model.conditional, temperature: 0.02, usesInBatchNegatives: true)
        func gradients(_ parts: [Range<Int>]) -> (loss: Float, gradients: [[Float]?]) {
            let value = loss.run(
                backend: backend, precision: .float32, parts: parts.map { Array(examples[$0]) },
                dropoutSeed: nil)
            return (value, model.trained.map { $0.slot?.take()?.array })
        }
        let plain = gradients([0..<6])
        for parts in [[0..<3, 3..<6], [0..<1, 1..<5, 5..<6]] {
            let cached = gradients(parts)
            #expect(abs(cached.loss - plain.loss) < 1e-5 * plain.loss)
            for (parameter, pair) in zip(model.trained, zip(cached.gradients, plain.gradients)) {
                let (got, want) = (pair.0 ?? [], pair.1 ?? [])
                #expect(got.count == want.count)
                let scale = want.map(abs).max() ?? 0
                let error = zip(got, want).map { abs($0 - $1) }.max() ?? 0
                #expect(error <= 1e-4 * scale, "\(parameter.name): \(error) of \(scale)")
            }
        }
    }

    @Test(arguments: ["compress", "align sigmoid 4", "contrast in-batch", "pretrain"])
    func recomputedLayersChangeNothing(name: String) throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        var options = try options(name, fixture)
        let kept = try fixture.losses(options)
        options.recomputesLayers = true
        #expect(try fixture.losses(options) == kept)
    }

    /// With equal probabilities on both sides and a saturated S2 the two-way loss is at its least:
    /// softplus((sigma(0) - 1) / tau) = softplus(-0.5 / tau).
    @Test func theLeastAlignmentLoss() {
        let tape = Tape(backend: CPUBackend(threads: 1))
        let temperature: Float = 0.1
        let similarities = tape.scaled(tape.sigmoid(tape.constant([0, 1e4])), by: -1)
        let loss = tape.negativeLogLikelihood(
            tape.scaled(similarities, by: 1 / temperature), candidates: [[0, 1]])
        #expect(abs(tape.values(loss)[0] - log1p(exp(-0.5 / temperature))) < 1e-7)
        #expect(abs(tape.values(loss)[0] - 0.0067) < 5e-5)
    }

    @Test func theAuthorsSignIsAnotherLoss() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        var options = try options("align sigmoid 0", fixture)
        let papers = try fixture.losses(options)
        options.reversesReferenceSign = true
        let authors = try fixture.losses(options)
        #expect(abs(papers[0] - authors[0]) > 1e-3)
    }
}
