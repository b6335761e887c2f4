import AutoRegEmbed
import Foundation
import Testing

/// Adapters whose settings are easily misread, as PEFT reads them: Fixtures/make_adapters.py.
@Suite struct AdapterTests {
    private static let text = "a wing lifts the air over the quiet water"

    static let names = [
        "alpha-anchored", "alpha-expression", "alpha-order", "alpha-part", "alpha-wildcard", "bare",
        "excluded", "gaussian", "layers", "layers-pattern", "orthogonal", "random",
        "rank-expression", "saved-modules", "targets-all-linear", "targets-default",
        "targets-expression",
    ]

    @Test(arguments: names)
    func equalsPEFT(_ name: String) throws {
        let folder = try EmbedderFixture.folder("adapters")
        let vectors = try JSONDecoder().decode(
            [String: [Float]].self,
            from: Data(contentsOf: folder.appendingPathComponent("vectors.json")))
        let expected = try #require(vectors[name])
        var options = AutoRegEmbedder.Options()
        options.pooling = .last
        options.template = "{text}"
        let embedder = try AutoRegEmbedder(
            folder: folder.appendingPathComponent(name), options: options)
        let vector = try embedder.encode([Self.text], instruction: .none)[0].vector
        let difference = zip(vector, expected).map { ($0 - $1).magnitude }.max() ?? .infinity
        #expect(vector.count == expected.count && difference < 2e-5, "off by \(difference)")
    }

    /// Settings that would change vectors are refused by their names, those of later versions too.
    @Test func refusesByName() throws {
        let folder = try EmbedderFixture.copy("adapters").appendingPathComponent("gaussian")
        let home = folder.deletingLastPathComponent().deletingLastPathComponent()
        defer { try? FileManager.default.removeItem(at: home) }
        let file = folder.appendingPathComponent("adapter_config.json")
        let good = try #require(
            JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
        func problem(_ changes: [String: Any]) throws -> String? {
            try JSONSerialization.data(withJSONObject: good.merging(changes) { $1 })
                .write(to: file)
            do {
                _ = try AutoRegEmbedder(folder: folder)
                return nil
            } catch { return "\(error)" }
        }
        let begins = [
            "pissa", "pissa_niter_16", "PiSSA", "olora", "OLoRA", "corda", "loftq", "lora_ga",
            "of_next_year",
        ]
        for (key, values): (String, [Any]) in [
            ("init_lora_weights", begins + [3]),
            ("peft_type", ["IA3", "ADALORA"]),
            ("use_dora", [true]), ("fan_in_fan_out", [true]), ("lora_bias", [true]),
            ("bias", ["all", "lora_only"]), ("use_qalora", [true]),
            ("alora_invocation_tokens", [[1, 2]]), ("layer_replication", [[[0, 1], [0, 2]]]),
            ("target_parameters", [["mlp.experts.down_proj"]]),
            ("megatron_config", [["a": 1]]), ("arrow_config", [["top_k": 3]]),
            ("use_bdlora", [["nblocks": 2]]), ("kasa_config", [["beta": 1]]),
            ("monteclora_config", [["num_samples": 8]]), ("velora_config", [["scale": 1.0]]),
            ("use_mora", [true, 1, "yes", [1], ["a": 0]]),
            ("alpha_pattern", [["q_proj(": 1], ["q_proj": "1"], ["(?P=x)": 1], [1]]),
            ("rank_pattern", [["q_proj": 0], ["q_proj": 1.5], ["q_proj": 3]]),
            ("target_modules", ["(", ["o_proj"], ".*q_proj", 7, [7]]),
            ("exclude_modules", ["("]), ("modules_to_save", [["("], 5]),
            ("layers_to_transform", [[1.5]]), ("r", [4, -1]), ("lora_alpha", ["8", 1e9]),
            ("trainable_token_indices", [["lm_head": [1]]]),
        ] {
            for value in values {
                let found = try problem([key: value])
                #expect(found?.contains(key) == true, "\(key): \(value): \(found ?? "taken")")
            }
        }
        // What the file has weights for is not selected.
        for changes: [String: Any] in [
            ["exclude_modules": ["q_proj"]], ["layers_to_transform": [0]],
            ["modules_to_save": ["self_attn"]],
        ] {
            #expect(try problem(changes)?.contains("target_modules") == true, "\(changes)")
        }
    }

    /// Off is off, whatever the key.
    @Test func takesWhatIsOff() throws {
        let folder = try EmbedderFixture.copy("adapters").appendingPathComponent("gaussian")
        let home = folder.deletingLastPathComponent().deletingLastPathComponent()
        defer { try? FileManager.default.removeItem(at: home) }
        let original = try AutoRegEmbedder(folder: folder).identity.fingerprint
        let file = folder.appendingPathComponent("adapter_config.json")
        var object = try #require(
            JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
        object.merge([
            "init_lora_weights": "eva", "later_config": NSNull(), "use_later": false,
            "later_list": [String](), "later_map": [String: Int](), "revision": "main",
            "eva_config": ["rho": 2], "task_type": "FEATURE_EXTRACTION", "lora_dropout": 0.1,
            "fan_in_fan_out": false, "layers_pattern": "",
        ]) { $1 }
        try JSONSerialization.data(withJSONObject: object).write(to: file)
        #expect(try AutoRegEmbedder(folder: folder).identity.fingerprint == original)
    }

    /// PEFT would begin the module at random.
    @Test func refusesMissingWeightsOfARandomStart() throws {
        let folder = try EmbedderFixture.copy("adapters").appendingPathComponent("random")
        let home = folder.deletingLastPathComponent().deletingLastPathComponent()
        defer { try? FileManager.default.removeItem(at: home) }
        let file = folder.appendingPathComponent("adapter_config.json")
        var object = try #require(
            JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
        object["target_modules"] = ["q_proj", "v_proj", "o_proj"]
        try JSONSerialization.data(withJSONObject: object).write(to: file)
        #expect {
            try AutoRegEmbedder(folder: folder)
        } throws: {
            "\($0)".contains("model.layers.0.self_attn.o_proj")
        }
        object["init_lora_weights"] = true
        try JSONSerialization.data(withJSONObject: object).write(to: file)
        _ = try AutoRegEmbedder(folder: folder)
    }
}
