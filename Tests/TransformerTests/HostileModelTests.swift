import FileFormat
import Foundation
import Tensors
import Testing
import Transformer

/// Model folders that are damaged or lie: each is refused by an error that says what is wrong.
@Suite struct HostileModelTests {
    /// The error that loading the folder and encoding with it gives.
    private func error(_ folder: URL) -> ModelError? {
        do throws(ModelError) {
            let model = try LanguageModel(folder: folder)
            _ = try model.states(of: [SequenceInput(tokens: [3, 1, 4, 1, 5])])
            return nil
        } catch { return error }
    }

    /// Writes the fixture again with some tensors changed.
    private func rewrite(
        _ folder: URL,
        _ change: (inout String, inout [Int], inout ElementType, inout [UInt8]) -> Bool
    ) throws {
        let path = folder.appendingPathComponent("model.safetensors").path
        let file = try SafetensorsFile(path: path)
        var tensors: [(SafetensorsWriter.Declaration, [UInt8])] = []
        for name in file.names {
            let tensor = try file.tensor(named: name)
            var (name, shape, type, bytes) = (
                name, tensor.shape, tensor.elementType, Array(tensor.bytes)
            )
            if change(&name, &shape, &type, &bytes) {
                tensors.append((.init(name: name, shape: shape, elementType: type), bytes))
            }
        }
        try SafetensorsWriter.write(to: path, tensors: tensors.map(\.0)) { declaration, put in
            for (other, bytes) in tensors where other == declaration {
                try bytes.withUnsafeBytes { try put($0) }
            }
        }
    }

    private func withCopy(_ body: (URL) throws -> Void) throws {
        let folder = try ModelFixture("llama-untied").copy()
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(error(folder) == nil)
        try body(folder)
    }

    private static let tensors = [
        "model.embed_tokens.weight", "model.layers.0.self_attn.q_proj.weight",
        "model.layers.0.self_attn.k_proj.weight", "model.layers.1.self_attn.v_proj.weight",
        "model.layers.1.self_attn.o_proj.weight", "model.layers.0.mlp.gate_proj.weight",
        "model.layers.1.mlp.up_proj.weight", "model.layers.1.mlp.down_proj.weight",
        "model.layers.1.input_layernorm.weight", "model.norm.weight",
    ]

    @Test(arguments: tensors, [Float.nan, .infinity, -.infinity])
    func namesWeightsThatAreNotFinite(_ name: String, _ value: Float) throws {
        try withCopy { folder in
            try rewrite(folder) { tensor, _, _, bytes in
                guard tensor == name else { return true }
                // In the embedding a row that is used; elsewhere the last element.
                let place = tensor.contains("embed") ? 2 * 24 * 4 : bytes.count - 2
                let bits = BFloat16.bits(value)
                bytes[place] = UInt8(truncatingIfNeeded: bits)
                bytes[place + 1] = UInt8(bits >> 8)
                return true
            }
            let path = folder.appendingPathComponent("model.safetensors").path
            #expect(error(folder) == .nonFiniteWeight(path: path, tensor: name))
        }
    }

    @Test(arguments: tensors)
    func namesMissingAndMisshapenTensors(_ name: String) throws {
        try withCopy { folder in
            let path = folder.appendingPathComponent("model.safetensors").path
            var shape: [Int] = []
            try rewrite(folder) { tensor, own, _, _ in
                if tensor == name {
                    shape = own
                    own = own.count == 1 ? [1, own[0]] : [own[1], own[0]]
                }
                return true
            }
            let found = shape.count == 1 ? [1, shape[0]] : [shape[1], shape[0]]
            #expect(
                error(folder)
                    == .wrongShape(path: path, tensor: name, expected: shape, found: found))
            try rewrite(folder) { tensor, _, _, _ in tensor != name }
            #expect(error(folder) == .missingTensor(path: path, tensor: name))
        }
    }

    @Test func refusesOtherElementTypes() throws {
        try withCopy { folder in
            try rewrite(folder) { name, _, type, _ in
                if name == "lm_head.weight" { type = .int16 }
                return true
            }
            let path = folder.appendingPathComponent("model.safetensors").path
            #expect(
                error(folder)
                    == .wrongElementType(path: path, tensor: "lm_head.weight", found: "I16"))
        }
    }

    @Test func refusesTruncatedWeights() throws {
        try withCopy { folder in
            let file = folder.appendingPathComponent("model.safetensors")
            let bytes = try Data(contentsOf: file)
            for count in [0, 7, 100, bytes.count / 2, bytes.count - 1] {
                try bytes.prefix(count).write(to: file)
                guard case .checkpoint = error(folder) else {
                    Issue.record("\(count) bytes are accepted")
                    continue
                }
            }
            try FileManager.default.removeItem(at: file)
            #expect(error(folder) == .noWeights(folder: folder.path, others: []))
        }
    }

    @Test func namesWeightsInOtherFormats() throws {
        try withCopy { folder in
            let file = folder.appendingPathComponent("model.safetensors")
            try FileManager.default.removeItem(at: file)
            for name in ["pytorch_model.bin", "training_args.bin", "model-q8_0.gguf"] {
                try Data("x".utf8).write(to: folder.appendingPathComponent(name))
            }
            #expect(
                error(folder)
                    == .noWeights(
                        folder: folder.path, others: ["model-q8_0.gguf", "pytorch_model.bin"]))
        }
    }

    /// What `git clone` leaves without Git LFS.
    @Test(arguments: ["model.safetensors", "config.json"])
    func recognizesGitPointers(_ name: String) throws {
        try withCopy { folder in
            let file = folder.appendingPathComponent(name)
            let pointer =
                "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935\nsize 12\n"
            try Data(pointer.utf8).write(to: file)
            let expected = FileError.gitPointer(path: file.path)
            #expect(
                error(folder)
                    == (name == "config.json"
                        ? .configuration(.file(expected)) : .checkpoint(.file(expected))))
        }
    }

    @Test func recognizesGitPointersAmongShards() throws {
        let folder = try ModelFixture("llama-shards").copy()
        defer { try? FileManager.default.removeItem(at: folder) }
        for name in ["model-00002-of-00002.safetensors", "model.safetensors.index.json"] {
            let file = folder.appendingPathComponent(name)
            try Data("version https://git-lfs.github.com/spec/v1\n".utf8).write(to: file)
            #expect(error(folder) == .checkpoint(.file(.gitPointer(path: file.path))))
        }
    }

    /// A layer's tensor that the settings have no place for belongs to another model.
    @Test(arguments: [
        "model.layers.0.self_attn.q_proj.bias", "layers.1.self_attn.q_norm.weight",
        "model.layers.1.mlp.experts.0.down_proj.weight",
    ])
    func refusesUnknownTensors(_ name: String) throws {
        try withCopy { folder in
            try rewrite(folder) { tensor, shape, _, bytes in
                if tensor == "lm_head.weight" { (tensor, shape) = (name, shape) }
                return true
            }
            let path = folder.appendingPathComponent("model.safetensors").path
            #expect(
                error(folder)
                    == .unknownTensor(path: path, tensor: name))
        }
    }

    @Test(arguments: [
        "model.layers.0.self_attn.rotary_emb.inv_freq", "model.layers.2.self_attn.q_proj.bias",
        "score.weight",
    ])
    func takesTensorsThatDoNotMatter(_ name: String) throws {
        try withCopy { folder in
            try rewrite(folder) { tensor, _, _, _ in
                if tensor == "lm_head.weight" { tensor = name }
                return true
            }
            #expect(error(folder) == nil)
        }
    }

    @Test func refusesHostileIndexes() throws {
        let folder = try ModelFixture("llama-shards").copy()
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(error(folder) == nil)
        let index = folder.appendingPathComponent("model.safetensors.index.json")
        let good = try String(contentsOf: index, encoding: .utf8)
        for bad in [
            "", "[]", "{}", "{\"weight_map\":1}",
            good.replacingOccurrences(
                of: "\"model-00001-of-00002.safetensors\"", with: "\"../model.safetensors\""),
            good.replacingOccurrences(
                of: "\"model-00001-of-00002.safetensors\"", with: "\"/etc/passwd\""),
            good.replacingOccurrences(of: "\"lm_head.weight\"", with: "\"absent.weight\""),
            good.replacingOccurrences(of: "\"lm_head.weight\"", with: "\"model.norm.weight\""),
        ] {
            try bad.write(to: index, atomically: true, encoding: .utf8)
            guard case .index(index.path, _) = error(folder) else {
                Issue.record("accepted \(bad.prefix(60))")
                continue
            }
        }
        try good.write(to: index, atomically: true, encoding: .utf8)
        let shard = folder.appendingPathComponent("model-00002-of-00002.safetensors")
        try FileManager.default.removeItem(at: shard)
        #expect(
            error(folder)
                == .checkpoint(.file(.system(operation: "open", path: shard.path, code: ENOENT))))
    }

    /// A configuration that asks for more than the weights have: nothing is allocated for it.
    @Test func refusesConfigurationsThatDoNotFit() throws {
        try withCopy { folder in
            let file = folder.appendingPathComponent("config.json")
            let good = try #require(
                JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
            for (key, value) in [
                ("vocab_size", 16_000_000), ("hidden_size", 131_072),
                ("intermediate_size", 1_000_000), ("num_hidden_layers", 4096),
                ("num_attention_heads", 4096), ("head_dim", 4096),
            ] {
                let bad = good.merging([key: value]) { $1 }
                try JSONSerialization.data(withJSONObject: bad).write(to: file)
                switch error(folder) {
                case .wrongShape?, .missingTensor?: break
                case let other: Issue.record("\(key): \(String(describing: other))")
                }
            }
        }
    }
}
