import FileFormat
import Foundation
import Tensors
import TestSupport
import Testing
import Transformer

/// GGUF files of the `gguf` package, against the states that transformers computes from them.
@Suite struct GGUFModelTests {
    private static let names = [
        "llama-types", "llama-k-types", "llama-untied", "llama-biases", "llama-rope-freqs",
        "llama-yarn", "llama-linear", "qwen2", "qwen3", "llama-split",
    ]

    private static func path(_ file: String) throws -> String {
        try #require(Bundle.module.url(forResource: "Fixtures/gguf", withExtension: nil))
            .appendingPathComponent(file).path
    }

    private static func model(_ name: String) throws -> GGUFModel {
        let file = name == "llama-split" ? "\(name)-00001-of-00002.gguf" : "\(name).gguf"
        return try GGUFModel(path: path(file))
    }

    @Test(arguments: names) func statesEqualTransformers(_ name: String) throws {
        let expected = try SafetensorsFile(path: Self.path("\(name).safetensors"))
        let bytes = try expected.tensor(named: "tokens").bytes
        let tokens = (0..<bytes.count / 8).map {
            Int32(bytes.loadUnaligned(fromByteOffset: $0 * 8, as: Int64.self))
        }
        let file = try Self.model(name)
        let model = try LanguageModel(
            configuration: file.configuration, checkpoint: file.checkpoint, precision: .float32)
        let states = try model.states(of: [SequenceInput(tokens: tokens)])
        let wanted = try expected.tensor(named: "states").floats()
        #expect(states[0].count == wanted.count)
        let difference = greatestDifference(states[0], wanted)
        #expect(difference < 1e-4, "\(name): \(difference)")
    }

    /// Blocks multiplied as they lie, by activations of eight bits: the same direction, not the same
    /// numbers; what a row gives depends on no other.
    @Test(arguments: names) func productsOfBlocksKeepTheDirection(_ name: String) throws {
        let expected = try SafetensorsFile(path: Self.path("\(name).safetensors"))
        let bytes = try expected.tensor(named: "tokens").bytes
        let tokens = (0..<bytes.count / 8).map {
            Int32(bytes.loadUnaligned(fromByteOffset: $0 * 8, as: Int64.self))
        }
        let file = try Self.model(name)
        let model = try LanguageModel(
            configuration: file.configuration, checkpoint: file.checkpoint)
        let isQuantised = file.checkpoint.isQuantized
        #expect(model.multipliesBlocks == isQuantised)
        let forced = try LanguageModel(
            configuration: file.configuration, checkpoint: file.checkpoint, precision: .float32)
        #expect(!forced.multipliesBlocks)
        let states = try model.states(of: [SequenceInput(tokens: tokens)])[0]
        let wanted = try expected.tensor(named: "states").floats()
        let width = file.configuration.hiddenSize
        for start in stride(from: 0, to: wanted.count, by: width) {
            let (a, b) = (states[start..<start + width], wanted[start..<start + width])
            func product(_ a: ArraySlice<Float>, _ b: ArraySlice<Float>) -> Double {
                zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
            }
            let cosine = product(a, b) / (product(a, a) * product(b, b)).squareRoot()
            #expect(cosine > 0.999, "\(name), row \(start / width): \(cosine)")
        }
        let pair = try model.states(
            of: [SequenceInput(tokens: Array(tokens.prefix(3))), SequenceInput(tokens: tokens)],
            threads: 2)
        #expect(pair[1] == states)
    }

    /// The embedder's other ways to weights: a row, an adapter's base, a fingerprint.
    @Test func readsQuantisedRows() throws {
        let file = try Self.model("llama-types")
        let tensor = try file.checkpoint.weight(
            named: ModelConfiguration.embeddingName, shape: [40, 32])
        #expect(tensor.elementType == .q8_0)
        let all = tensor.floats()
        #expect(all == tensor.dequantized().floats())
        #expect(tensor.prefix(rows: 7).floats() == Array(all[..<(7 * 32)]))
        var row = [Float](repeating: 0, count: 32)
        row.withUnsafeMutableBufferPointer { tensor.copyFloats(96..<128, to: $0) }
        #expect(row == Array(all[96..<128]))
    }

    private func metadata(_ change: (inout GGUFBuilder) -> Void) throws -> GGUFBuilder {
        var builder = GGUFBuilder()
        change(&builder)
        return builder
    }

    private func open(_ builder: GGUFBuilder) throws -> GGUFModel {
        let bytes = builder.file
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 64)
        memory.copyBytes(from: bytes)
        // Never freed: the tensors point into it.
        return try GGUFModel(
            GGUFFileSet(
                GGUFFile(bytes: UnsafeRawBufferPointer(memory), owner: nil, path: "m.gguf")))
    }

    private func small(
        architecture: String = "llama", heads: UInt32 = 2, skipping skipped: String = "",
        _ change: (inout GGUFBuilder) -> Void = { _ in }
    ) -> GGUFBuilder {
        var builder = GGUFBuilder()
        builder.add("general.architecture", architecture)
        for (key, value) in [
            ("embedding_length", 8), ("feed_forward_length", 8), ("block_count", 1),
            ("attention.head_count", heads), ("context_length", 16),
        ] where key != skipped {
            builder.add("\(architecture).\(key)", value)
        }
        builder.add("\(architecture).attention.layer_norm_rms_epsilon", 1e-5 as Float)
        builder.addTensor("token_embd.weight", sizes: [8, 3], Array(repeating: 1, count: 24))
        change(&builder)
        return builder
    }

    @Test func readsTheConfiguration() throws {
        let configuration = try open(
            small { builder in
                builder.add("llama.attention.sliding_window", 5 as UInt32)
                builder.add("llama.rope.freq_base", 1000 as Float)
                builder.add("llama.pooling_type", 3 as UInt32)
            })
        #expect(configuration.pooling == .last)
        let c = configuration.configuration
        #expect(c.architecture == .llama)
        #expect(c.vocabularySize == 3)
        #expect(c.headDimension == 4)
        #expect(c.keyValueHeadCount == 2)
        #expect(c.isTied)
        #expect(c.slidingWindows == [5])
        #expect(c.rope == RopeConfiguration(theta: 1000, scaling: .none))
    }

    @Test func namesWhatIsNotSupported() throws {
        func message(_ builder: GGUFBuilder) -> String {
            do {
                _ = try open(builder)
                return ""
            } catch { return "\(error)" }
        }
        #expect(message(small(architecture: "gemma3")).contains("gemma3"))
        #expect(
            message(small { $0.add("llama.expert_count", 8 as UInt32) }).contains("expert_count"))
        #expect(
            message(small { $0.add("llama.attention.causal", false) }).contains("attention.causal"))
        #expect(
            message(small { $0.add("llama.rope.scaling.type", "su") }).contains("scaling.type"))
        #expect(message(small { $0.add("llama.pooling_type", 2 as UInt32) }).contains("cls"))
        #expect(message(small { $0.add("general.type", "adapter") }).contains("adapter"))
        #expect(
            message(
                small {
                    $0.addTensor(
                        "blk.0.ffn_up.weight", sizes: [256, 1], type: 16,
                        bytes: Array(repeating: 0, count: 66))
                }
            ).contains("IQ2_XXS"))
        #expect(
            message(small { $0.addTensor("blk.0.ffn_gate_inp.weight", sizes: [1], [1]) })
                .contains("ffn_gate_inp"))
        for key in ["embedding_length", "block_count", "attention.head_count"] {
            #expect(message(small(skipping: key)).contains("llama.\(key)"))
        }
        #expect(message(small(heads: 3)).contains("does not divide"))
        #expect(
            message(small { $0.addTensor("rope_freqs.weight", sizes: [2], [1, 0]) })
                .contains("rope_freqs"))
    }

    @Test func refusesMissingAndWrongTensors() throws {
        let file = try open(
            small { builder in
                builder.addTensor("output_norm.weight", sizes: [8], Array(repeating: 1, count: 8))
                builder.addTensor(
                    "blk.0.attn_q.weight", sizes: [8, 7], Array(repeating: 1, count: 56))
            })
        #expect(throws: ModelError.self) {
            try LanguageModel(configuration: file.configuration, checkpoint: file.checkpoint)
        }
    }
}
