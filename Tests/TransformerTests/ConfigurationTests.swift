import Foundation
import Testing
import Transformer

@Suite struct ConfigurationTests {
    static var base: [String: Any] {
        [
            "model_type": "llama", "vocab_size": 100, "hidden_size": 64, "intermediate_size": 160,
            "num_hidden_layers": 3, "num_attention_heads": 4,
        ]
    }

    static func read(
        _ changes: [String: Any], removing: [String] = []
    ) throws(ModelConfigurationError) -> ModelConfiguration {
        var fields = base.merging(changes) { $1 }
        for key in removing { fields[key] = nil }
        guard let data = try? JSONSerialization.data(withJSONObject: fields) else {
            preconditionFailure("the test's own JSON")
        }
        let bytes = [UInt8](data)
        return try bytes.withUnsafeBytes {
            (buffer) -> Result<ModelConfiguration, ModelConfigurationError> in
            do throws(ModelConfigurationError) {
                return .success(try ModelConfiguration(json: buffer, path: "c"))
            } catch { return .failure(error) }
        }.get()
    }

    static func error(
        _ changes: [String: Any], removing: [String] = []
    ) -> ModelConfigurationError? {
        do throws(ModelConfigurationError) {
            _ = try read(changes, removing: removing)
            return nil
        } catch { return error }
    }

    @Test func takesTransformersDefaults() throws {
        let llama = try Self.read([:])
        #expect(llama.keyValueHeadCount == 4)
        #expect(llama.headDimension == 16)
        #expect(llama.normEpsilon == 1e-6)
        #expect(llama.maximumPositions == 2048)
        #expect(llama.rope == RopeConfiguration(theta: 10_000, scaling: .none))
        #expect(!llama.isTied && !llama.hasQueryKeyValueBias && !llama.hasFeedForwardBias)

        let mistral = try Self.read(["model_type": "mistral", "num_attention_heads": 16])
        #expect(mistral.keyValueHeadCount == 8)
        #expect(mistral.slidingWindows == [4096, 4096, 4096])
        let open = try Self.read([
            "model_type": "mistral", "num_attention_heads": 16, "sliding_window": NSNull(),
        ])
        #expect(open.slidingWindows == [nil, nil, nil])

        let qwen3 = try Self.read(["model_type": "qwen3", "num_key_value_heads": 2])
        #expect(qwen3.headDimension == 128 && qwen3.hasQueryKeyNorm)
        let qwen2 = try Self.read(["model_type": "qwen2", "num_key_value_heads": 2])
        #expect(qwen2.headDimension == 16)
        #expect(qwen2.hasQueryKeyValueBias && !qwen2.hasAttentionOutputBias)
    }

    @Test func readsWindowsAsQwenMeansThem() throws {
        let qwen: [String: Any] = [
            "model_type": "qwen2", "num_key_value_heads": 2, "sliding_window": 16,
            "max_window_layers": 1,
        ]
        #expect(try Self.read(qwen).slidingWindows == [nil, nil, nil])
        let on = qwen.merging(["use_sliding_window": true]) { $1 }
        #expect(try Self.read(on).slidingWindows == [nil, 16, 16])
        let named = on.merging([
            "layer_types": ["sliding_attention", "full_attention", "full_attention"]
        ]) { $1 }
        #expect(try Self.read(named).slidingWindows == [16, nil, nil])
        #expect(Self.error(on.merging(["layer_types": ["full_attention"]]) { $1 }) != nil)
    }

    @Test func readsBothRopeForms() throws {
        let scaling: [String: Any] = [
            "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
            "original_max_position_embeddings": 256,
        ]
        let older = try Self.read(["rope_theta": 5e5, "rope_scaling": scaling])
        let newer = try Self.read([
            "rope_parameters": scaling.merging(["rope_theta": 5e5]) { $1 }
        ])
        #expect(older == newer)
        #expect(
            older.rope
                == RopeConfiguration(
                    theta: 5e5,
                    scaling: .llama3(
                        factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4,
                        originalPositions: 256)))
        let linear = try Self.read(["rope_scaling": ["type": "linear", "factor": 2]])
        #expect(linear.rope.scaling == .linear(factor: 2))
    }

    @Test func refusesWhatItCannotCompute() {
        for key in ["vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads"] {
            #expect(Self.error([:], removing: [key]) == .missing(path: "c", key: key))
            #expect(
                Self.error([key: "7"]) == .wrongType(path: "c", key: key, expected: "an integer"))
            for bad in [0, -1, Int.max] {
                guard case .outOfRange(_, key, _, _) = Self.error([key: bad]) else {
                    Issue.record("\(key) = \(bad) is accepted")
                    continue
                }
            }
        }
        #expect(
            Self.error(["model_type": "gpt2"])
                == .unsupported(path: "c", key: "model_type", found: "gpt2"))
        #expect(
            Self.error(["hidden_act": "gelu"])
                == .unsupported(path: "c", key: "hidden_act", found: "gelu"))
        #expect(
            Self.error(["rope_scaling": ["type": "mrope"]])
                == .unsupported(path: "c", key: "rope_scaling.rope_type", found: "mrope"))
        #expect(
            Self.error(["quantization_config": ["bits": 4]])
                == .unsupported(path: "c", key: "quantization_config", found: "present"))
        #expect(
            Self.error(["num_key_value_heads": 3])
                == .inconsistent(
                    path: "c", key: "num_key_value_heads",
                    fact: "3 does not divide num_attention_heads 4"))
        #expect(Self.error(["num_attention_heads": 3]) != nil)
        #expect(Self.error(["head_dim": 7]) != nil)
        #expect(Self.error(["rms_norm_eps": -1]) != nil)
        #expect(Self.error(["rope_theta": 0]) != nil)
        #expect(Self.error(["rope_scaling": 3]) != nil)
        #expect(Self.error(["rope_scaling": ["type": "yarn", "factor": 0]]) != nil)
        #expect(
            Self.error(["rope_scaling": ["type": "longrope", "short_factor": [1, 2]]])
                == .wrongType(
                    path: "c", key: "rope_scaling.short_factor", expected: "an array of 8 numbers"))
    }

    @Test func refusesTextThatIsNotJSON() {
        for text in [
            "", "[", "{\"a\":1,}", "{\"hidden_size\":1,\"hidden_size\":2}", "{\"a\":NaN}", "\u{1}",
        ] {
            let bytes = Array(text.utf8)
            bytes.withUnsafeBytes { buffer -> Void in
                #expect(throws: ModelConfigurationError.self) {
                    try ModelConfiguration(json: buffer, path: "c")
                }
            }
        }
    }
}
