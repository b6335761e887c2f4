import Foundation
import Tensors
import Testing
import Transformer

/// Whole-model gradients against PyTorch's, for every architecture
/// (Fixtures/make_gradients.py).
struct GradientTests {
    static let names = [
        "llama-tied", "llama-untied", "llama3-rope", "mistral-window", "qwen2-bias",
        "qwen3-qknorm",
    ]
    private let texts: [[Int32]] = [
        [3, 7, 1, 9, 20, 21], [5, 2, 11, 8, 6, 14, 4, 13, 20, 21],
    ]
    private let targets: [[Int32]] = [[4, 12, 2, 19], [17, 3, 2]]
    private let compressed = 2

    private func fixture(_ name: String, _ kind: String) throws -> String {
        try #require(
            Bundle.module.path(forResource: name, ofType: kind, inDirectory: "Fixtures/gradients"))
    }

    /// The information-compression loss, spelt out: states of the compressed tokens, fed to the
    /// frozen decoder before the target.
    private func loss(
        _ tape: Tape, _ encoder: DifferentiableDecoder, _ decoder: DifferentiableDecoder
    ) -> Tensor {
        let layout = SequenceLayout(lengths: texts.map(\.count))
        let rows = (0..<texts.count).flatMap { text in
            layout.range(text).suffix(compressed).map(Int32.init)
        }
        let states = encoder.states(
            tape, inputs: encoder.embed(tape, texts.flatMap { $0 }), layout: layout, rows: rows)
        let words = decoder.embed(tape, targets.flatMap { $0 })
        let both = tape.stacked(states, words)
        var order: [Int32] = []
        var predicting: [Int32] = []
        var word = Int32(states.rows)
        for (text, target) in targets.enumerated() {
            predicting += (0..<target.count).map { Int32(order.count + compressed - 1 + $0) }
            order += (0..<compressed).map { Int32(text * compressed + $0) }
            order += target.indices.map { word + Int32($0) }
            word += Int32(target.count)
        }
        let outputs = decoder.states(
            tape, inputs: tape.gather(both, rows: order),
            layout: SequenceLayout(lengths: targets.map { $0.count + compressed }),
            rows: predicting)
        let count = targets.reduce(0) { $0 + $1.count }
        return tape.weightedSum(
            decoder.logProbability(tape, outputs, targets: targets.flatMap { $0 }),
            [Float](repeating: -1 / Float(count), count: count))
    }

    /// Encoder, all of it trained, and frozen decoder of a fixture.
    private func models(
        _ name: String, _ file: SafetensorsFile, backend: any Backend
    ) throws -> (encoder: DifferentiableDecoder, decoder: DifferentiableDecoder) {
        let configuration = try ModelConfiguration(path: fixture(name, "json"))
        func model(_ prefix: String, isTrained: Bool) throws -> DifferentiableDecoder {
            try DifferentiableDecoder(configuration: configuration) {
                Parameter(
                    try file.tensor(named: prefix + $0.name), name: $0.name, isTrained: isTrained,
                    backend: backend)
            }
        }
        return (try model("w:", isTrained: true), try model("d:", isTrained: false))
    }

    @Test(arguments: names, [false, true])
    func gradientsEqualPyTorchs(name: String, checkpointed: Bool) throws {
        let file = try SafetensorsFile(path: fixture(name, "safetensors"))
        let backend = CPUBackend(threads: 2)
        var (encoder, decoder) = try models(name, file, backend: backend)
        encoder.isCheckpointed = checkpointed
        let tape = Tape(backend: backend)
        let result = loss(tape, encoder, decoder)
        let expected = try file.tensor(named: "loss").floats()[0]
        #expect(abs(tape.values(result)[0] - expected) < 1e-5)
        tape.backward(from: result)

        for parameter in encoder.parameters {
            guard file.contains("g:" + parameter.name) else {
                #expect(parameter.name == ModelConfiguration.outputName)
                #expect(parameter.slot?.gradient == nil, "the encoder's head is not trained")
                continue
            }
            let want = try file.tensor(named: "g:" + parameter.name).floats()
            let got = try #require(parameter.slot?.gradient, "\(parameter.name)").array
            let largest = want.map(abs).max() ?? 0
            let difference = zip(got, want).map { abs($0 - $1) }.max() ?? 0
            #expect(difference <= 1e-5 * max(largest, 0.1), "\(parameter.name): \(difference)")
        }
        for parameter in decoder.parameters { #expect(!parameter.isTrained) }
    }

    /// What is kept for the backward pass is rounded to bfloat16 then: eight bits.
    @Test(arguments: names)
    func bfloat16GradientsAreNearThem(name: String) throws {
        let file = try SafetensorsFile(path: fixture(name, "safetensors"))
        let backend = CPUBackend(threads: 2)
        let (encoder, decoder) = try models(name, file, backend: backend)
        let tape = Tape(backend: backend, precision: .bfloat16)
        tape.backward(from: loss(tape, encoder, decoder))
        for parameter in encoder.parameters where file.contains("g:" + parameter.name) {
            let want = try file.tensor(named: "g:" + parameter.name).floats()
            let got = try #require(parameter.slot?.gradient, "\(parameter.name)").array
            let difference = zip(got, want).reduce(Float(0)) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
            let length = want.reduce(Float(0)) { $0 + $1 * $1 }
            #expect(difference <= 0.03 * 0.03 * length, "\(parameter.name)")
        }
    }
}
