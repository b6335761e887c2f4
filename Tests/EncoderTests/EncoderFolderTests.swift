import AutoRegEmbed
import Embedding
import Foundation
import Tensors
import Testing
import Transformer

@testable import Encoder

/// What folders may hold, and what is refused by name.
@Suite struct EncoderFolderTests {
    private func problem(
        _ folder: URL, _ options: AutoRegEmbedder.Options = AutoRegEmbedder.Options()
    ) -> String {
        do {
            let embedder = try ModelFolder.open(folder, options: options)
            _ = try embedder.encode(
                ["a wing", "heron"], instruction: .none, task: .sts, isCancelled: { false })
            return embedder is EncoderEmbedder ? "" : "no encoder"
        } catch { return "\(error)" }
    }

    @Test(arguments: EncoderFixture.plain + EncoderFixture.sentences)
    func opensAgain(_ name: String) throws {
        let folder = try EncoderFixture.folder(name)
        var options = AutoRegEmbedder.Options()
        for pooling in [nil, Pooling.first, .last] {
            options.pooling = pooling
            options.instructions = pooling == .first ? ["next": "find: ", "self": nil] : [:]
            let embedder = try EncoderEmbedder(folder: folder, options: options)
            var finder = RecordedModelFinder()
            finder.open = { try ModelFolder.open($0, options: $1) }
            let again = try #require(try finder.find(embedder.identity))
            #expect(again.identity == embedder.identity)
        }
    }

    /// A folder that has moved is found by what the user called it.
    @Test func isFoundByItsName() throws {
        try EncoderFixture.withCopy("cls") { folder in
            var options = AutoRegEmbedder.Options()
            options.source = "the-model"
            var recorded = try EncoderEmbedder(folder: folder, options: options).identity
            recorded.path = folder.path + "-gone"
            var finder = RecordedModelFinder()
            finder.open = { try ModelFolder.open($0, options: $1) }
            finder.locate = { $0 == "the-model" ? folder : nil }
            let found = try #require(try finder.find(recorded))
            #expect(found.identity.fingerprint == recorded.fingerprint)
        }
    }

    @Test func fingerprintChangesWithWhatChangesVectors() throws {
        var seen: Set<String> = []
        func isNew(
            _ folder: URL, _ change: (inout AutoRegEmbedder.Options) -> Void = { _ in }
        ) throws -> Bool {
            var options = AutoRegEmbedder.Options()
            change(&options)
            let embedder = try EncoderEmbedder(folder: folder, options: options)
            return seen.insert(embedder.modelFingerprint).inserted
        }
        try EncoderFixture.withCopy("cls") { folder in
            #expect(try isNew(folder))
            #expect(try !isNew(folder))
            #expect(try isNew(folder) { $0.pooling = .mean })
            #expect(try isNew(folder) { $0.pooling = .first })
            #expect(try isNew(folder) { $0.precision = .bfloat16 })
            #expect(try isNew(folder) { $0.maximumLength = 9 })
            #expect(try isNew(folder) { $0.instructions = ["next": "query: ", "self": nil] })
            #expect(try !isNew(folder) { $0.threads = 1 })
            let config = folder.appendingPathComponent("0_Transformer/config.json")
            for (key, value): (String, Any) in [
                ("hidden_act", "relu"), ("layer_norm_eps", 1e-3), ("num_attention_heads", 2),
            ] {
                try EncoderFixture.edit(config, [key: value])
                #expect(try isNew(folder), "\(key)")
            }
            try EncoderFixture.edit(
                folder.appendingPathComponent("2_Dense/config.json"),
                ["activation_function": "torch.nn.modules.linear.Identity"])
            #expect(try isNew(folder))
            let tokenizer = folder.appendingPathComponent("0_Transformer/tokenizer.json")
            try String(contentsOf: tokenizer, encoding: .utf8)
                .replacingOccurrences(of: #""lowercase": true"#, with: #""lowercase": false"#)
                .write(to: tokenizer, atomically: true, encoding: .utf8)
            #expect(try isNew(folder))
        }
    }

    /// A setting that is not computed, or a number that no model has, is refused by name before anything
    /// is made of it.
    @Test(
        arguments: [
            ("hidden_act", "silu"), ("position_embedding_type", "relative_key"),
            ("position_embedding_type", "relative_key_query"), ("is_decoder", true),
            ("add_cross_attention", true), ("pruned_heads", ["0": [1]]),
            ("quantization_config", ["bits": 8]), ("auto_map", ["AutoModel": "x.Y"]),
            ("attention_bias_scale", 2.0), ("rotary_dim", 8), ("use_rms_norm", true),
            ("num_attention_heads", 0), ("num_attention_heads", 5), ("num_attention_heads", -4),
            ("hidden_size", 0), ("hidden_size", 1 << 40), ("num_hidden_layers", 0),
            ("num_hidden_layers", 1 << 33), ("vocab_size", 1 << 60), ("intermediate_size", -1),
            ("max_position_embeddings", 0), ("max_position_embeddings", 1 << 50),
            ("type_vocab_size", 0), ("layer_norm_eps", "x"), ("layer_norm_eps", -1),
            ("hidden_size", 32.5), ("architectures", ["JinaBertForMaskedLM"]),
        ] as [(String, any Sendable)])
    func refusesConfiguration(_ key: String, _ value: any Sendable) throws {
        try EncoderFixture.withCopy("plain") { folder in
            try EncoderFixture.edit(folder.appendingPathComponent("config.json"), [key: value])
            let found = problem(folder)
            #expect(found.contains("\"\(key)\""), "\(key) \(value): \(found)")
        }
    }

    /// Numbers that the tensors contradict.
    @Test(arguments: [
        "hidden_size", "intermediate_size", "vocab_size", "max_position_embeddings",
        "type_vocab_size", "num_hidden_layers",
    ])
    func refusesAnotherShape(_ key: String) throws {
        try EncoderFixture.withCopy("plain") { folder in
            for value in [4096, 1 << 16] where key != "num_hidden_layers" || value == 4096 {
                try EncoderFixture.edit(folder.appendingPathComponent("config.json"), [key: value])
                #expect(problem(folder).contains("tensor \""), "\(problem(folder))")
            }
        }
    }

    @Test func harmlessKeysPass() throws {
        try EncoderFixture.withCopy("plain") { folder in
            try EncoderFixture.edit(
                folder.appendingPathComponent("config.json"),
                [
                    "pooler_fc_size": 768, "pooler_num_attention_heads": 12,
                    "pooler_size_per_head": 128, "directionality": "bidi",
                    "gradient_checkpointing": true,
                    "position_embedding_type": "absolute", "pruned_heads": [String: Int](),
                    "id2label": ["0": "x"], "classifier_dropout": 0.2, "emb_notes": "kept",
                ])
            #expect(problem(folder) == "")
        }
    }

    @Test func refusesFiles() throws {
        try EncoderFixture.withCopy("plain") { folder in
            let weights = folder.appendingPathComponent("model.safetensors")
            let kept = try Data(contentsOf: weights)
            for name in ["autoregembed.json", "adapter_config.json"] {
                let file = folder.appendingPathComponent(name)
                try Data("{}".utf8).write(to: file)
                #expect(problem(folder).contains(name), "\(problem(folder))")
                try FileManager.default.removeItem(at: file)
            }
            // An odd tensor in a layer, one in the embeddings, and one that is missing.
            for (old, new) in [
                ("encoder.layer.1.output.dense.bias", "encoder.layer.1.output.dense.kias"),
                ("embeddings.LayerNorm.bias", "embeddings.LayerNorm.kias"),
                ("encoder.layer.1.output.dense.bias", "oncoder.layer.1.output.dense.bias"),
            ] {
                let header = String(decoding: kept.prefix(8192), as: Unicode.ASCII.self)
                let range = try #require(header.range(of: "\"\(old)\""))
                var changed = kept
                let start = header.utf16.distance(from: header.startIndex, to: range.lowerBound)
                changed.replaceSubrange(
                    start + 1..<start + 1 + old.utf8.count, with: Data(new.utf8))
                try changed.write(to: weights)
                #expect(problem(folder).contains("dense.") || problem(folder).contains("kias"))
            }
            // A weight that is no number.
            var changed = kept
            changed.replaceSubrange(
                changed.count - 4..<changed.count, with: [0x00, 0x00, 0xC0, 0x7F])
            try changed.write(to: weights)
            #expect(problem(folder).contains("NaN") || problem(folder) == "")
            try kept.prefix(kept.count / 2).write(to: weights)
            #expect(problem(folder).contains("model.safetensors"))
            try FileManager.default.removeItem(at: weights)
            try Data().write(to: folder.appendingPathComponent("pytorch_model.bin"))
            #expect(problem(folder).contains("has pytorch_model.bin"))
            try kept.write(to: weights)
            #expect(problem(folder) == "")
            try FileManager.default.removeItem(at: folder.appendingPathComponent("tokenizer.json"))
            #expect(problem(folder).contains("no tokenizer.json"))
        }
    }

    @Test func refusesOptions() throws {
        let folder = try EncoderFixture.folder("plain")
        for (change, word): ((inout AutoRegEmbedder.Options) -> Void, String) in [
            ({ $0.pooling = .compressed }, "compressed"), ({ $0.base = folder }, "base"),
            ({ $0.template = "{text}" }, "template"), ({ $0.maximumLength = 2 }, "special tokens"),
        ] {
            var options = AutoRegEmbedder.Options()
            change(&options)
            #expect(problem(folder, options).contains(word), "\(problem(folder, options))")
        }
    }

    /// Whatever needs a language model says that this is none.
    @Test func isNoLanguageModel() throws {
        let folder = try EncoderFixture.folder("plain")
        let path = folder.appendingPathComponent("config.json").path
        #expect(throws: ModelConfigurationError.encoder(path: path, found: "bert")) {
            try ModelConfiguration(folder: folder)
        }
        #expect(throws: AutoRegEmbedError.self) { try AutoRegEmbedder(folder: folder) }
        let embedder: any Embedder = try ModelFolder.open(folder)
        #expect(!(embedder is any ScoringEmbedder))
    }
}
