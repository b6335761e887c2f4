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

    @Test func readsMistralsLayers() throws {
        let mistral: [String: Any] = [
            "model_type": "mistral", "num_attention_heads": 16, "sliding_window": 8,
        ]
        #expect(try Self.read(mistral).slidingWindows == [8, 8, 8])
        let layers = ["full_attention", "sliding_attention", "attention"]
        let named = mistral.merging(["layer_types": layers]) { $1 }
        #expect(try Self.read(named).slidingWindows == [nil, 8, nil])
        let open = named.merging(["sliding_window": NSNull()]) { $1 }
        #expect(
            Self.error(open)
                == .inconsistent(
                    path: "c", key: "layer_types",
                    fact: "a sliding layer, but the model has no sliding window"))
        #expect(
            try Self.read(["layer_types": Array(repeating: "full_attention", count: 3)])
                .slidingWindows == [nil, nil, nil])
        guard case .inconsistent(_, "layer_types", _) = Self.error(["layer_types": layers]) else {
            Issue.record("a sliding layer of Llama is accepted")
            return
        }
        #expect(
            Self.error(["layer_types": ["full_attention", "linear_attention", "attention"]])
                == .unsupported(path: "c", key: "layer_types", found: "linear_attention"))
    }

    @Test func readsRopeByLayerType() throws {
        let full: [String: Any] = ["rope_type": "default", "rope_theta": 1e6]
        #expect(
            try Self.read(["rope_parameters": ["full_attention": full]]).rope
                == RopeConfiguration(theta: 1e6, scaling: .none))
        // What no layer uses does not matter.
        let sliding: [String: Any] = ["rope_type": "linear", "factor": 2, "rope_theta": 1e4]
        let both = ["full_attention": full, "sliding_attention": sliding]
        #expect(try Self.read(["rope_parameters": both]).rope.theta == 1e6)
        let mistral: [String: Any] = [
            "model_type": "mistral", "num_attention_heads": 16, "rope_parameters": both,
        ]
        #expect(try Self.read(mistral).rope.scaling == .linear(factor: 2))
        let layers = ["full_attention", "sliding_attention", "full_attention"]
        guard
            case .unsupported(_, "rope_parameters", _) = Self.error(
                mistral.merging(["layer_types": layers]) { $1 })
        else {
            Issue.record("two rotary embeddings in one model are accepted")
            return
        }
        #expect(
            Self.error(["rope_parameters": ["sliding_attention": sliding]])
                == .missing(path: "c", key: "rope_parameters.full_attention"))
        // transformers takes the older form where both are there, unless it is empty.
        #expect(
            try Self.read(["rope_scaling": [String: Any](), "rope_parameters": full]).rope.theta
                == 1e6)
    }

    /// Keys that would change the numbers are refused by name, whatever program thought of them.
    @Test(arguments: [
        ("is_causal", "false"), ("partial_rotary_factor", "0.5"), ("rope_interleaved", "true"),
        ("attention_multiplier", "1"), ("residual_multiplier", "0.2"), ("logits_scaling", "8"),
        ("attn_logit_softcapping", "30.0"), ("final_logit_softcapping", "30"),
        ("use_qk_norm", "true"), ("qk_scale", "2"), ("num_experts", "8"),
        ("use_bidirectional_attention", "true"), ("alibi", "true"), ("attention_chunk_size", "8"),
        ("no_rope_layers", "[1, 0]"), ("compression_config", "{\"a\": 1}"),
        ("quantization", "{\"bits\": 4}"), ("pruned_heads", "{\"0\": [1]}"),
        ("layer_norm_eps", "1e-5"), ("hidden_activation", "\"gelu\""), ("rotary_pct", "0.25"),
        ("add_cross_attention", "true"), ("is_encoder_decoder", "true"),
    ])
    func refusesByName(_ key: String, _ json: String) throws {
        let value = try JSONSerialization.jsonObject(
            with: Data(json.utf8), options: .fragmentsAllowed)
        guard case .unsupported("c", key, _) = Self.error([key: value]) else {
            Issue.record("\(key) = \(json): \(String(describing: Self.error([key: value])))")
            return
        }
    }

    @Test func refusesByNameForAnArchitecture() {
        for (type, key): (String, String) in [
            ("mistral", "attention_bias"), ("mistral", "mlp_bias"), ("qwen2", "mlp_bias"),
            ("qwen3", "mlp_bias"), ("llama", "use_sliding_window"),
        ] {
            let found = Self.error([
                "model_type": type, "num_key_value_heads": 2, key: true,
            ])
            #expect(found == .unsupported(path: "c", key: key, found: "true"))
        }
        for name in ["MistralEncoderModel", "LlamaBidirectionalModel", "Qwen2BiModel"] {
            #expect(
                Self.error(["architectures": [name]])
                    == .unsupportedArchitecture(path: "c", key: "architectures", found: name))
        }
        #expect(
            Self.error(["rope_parameters": ["rope_type": "default", "mrope_section": [1, 1]]])
                == .unsupported(
                    path: "c", key: "rope_parameters.mrope_section", found: "present"))
    }

    /// What published models of these architectures have in their files, and no state depends on.
    @Test func takesWhatPublishedModelsHave() throws {
        let plain = try Self.read([:])
        let harmless: [String: Any] = [
            "_name_or_path": "x", "_attn_implementation_autoset": true,
            "_flash_attn_2_enabled": true, "_commit_hash": NSNull(), "add_cross_attention": false,
            "architectures": ["LlamaForCausalLM"], "attention_bias": false,
            "attention_dropout": 0.1, "attention_probs_dropout_prob": 0.1, "attn_pdrop": 0.1,
            "auto_map": ["AutoModel": "x.X"], "bos_token_id": 1, "chunk_size_feed_forward": 0,
            "cross_attention_hidden_size": NSNull(), "do_sample": false, "dtype": "bfloat16",
            "dual_chunk_attention_config": ["chunk_size": 262_144], "eos_token_id": [1, 2],
            "finetuning_task": NSNull(), "hidden_dropout": 0.1, "id2label": ["0": "x"],
            "initializer_range": 0.02, "is_causal": true, "is_decoder": true,
            "is_llama_config": true, "keys_to_ignore_at_inference": ["past_key_values"],
            "max_sequence_length": 2048, "max_window_layers": 28, "mlp_bias": false,
            "model_max_length": 4096, "num_logits_to_keep": 0, "output_attentions": false,
            "output_hidden_states": true, "pad_token_id": -1, "pretraining_tp": 2,
            "problem_type": NSNull(), "pruned_heads": [String: Any](),
            "quantization_config": NSNull(), "repetition_penalty": 1.1, "resid_pdrop": 0.1,
            "rope_interleaved": false, "rope_scaling": NSNull(), "sliding_window": 4096,
            "temperature": 0.6, "top_k": 50, "transformers.js_config": ["kv_cache_dtype": "x"],
            "transformers_version": "4.40.0", "tie_encoder_decoder": false,
            "unsloth_version": "2024.9", "use_bfloat16": false, "use_cache": true,
            "use_flash_attn": true, "use_mrope": false, "use_qk_norm": false,
            "use_sliding_window": false, "residual_multiplier": 1.0,
        ]
        var read = try Self.read(harmless)
        #expect(read.endOfText == [1, 2])
        (read.endOfText, read.elementType) = (plain.endOfText, plain.elementType)
        #expect(read == plain)
        #expect(throws: ModelConfigurationError.self) { try Self.read(["eos_token_id": "x"]) }
        #expect(try Self.read(["eos_token_id": -1]).endOfText.isEmpty)
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
                == .unsupportedArchitecture(path: "c", key: "model_type", found: "gpt2"))
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
