import AutoRegEmbed
import Foundation
import Testing

/// Folders of sentence-transformers, with its own vectors: Fixtures/make_sentences.py.
@Suite struct SentenceTransformerTests {
    struct Expected: Decodable {
        let next: [[Float]]
        let `self`: [[Float]]
        let none: [[Float]]
        let say: [[Float]]
        let dimensions: Int

        enum CodingKeys: String, CodingKey {
            case next, `self`, none, dimensions
            case say = "Say: "
        }
    }

    struct Fixture: Decodable {
        let texts: [String]
        let vectors: [String: Expected]
    }

    private static func folder(_ name: String) throws -> URL {
        try EmbedderFixture.folder("sentences").appendingPathComponent(name)
    }

    private func withCopy(_ name: String, _ body: (URL) throws -> Void) throws {
        let folder = try EmbedderFixture.copy("sentences").appendingPathComponent(name)
        let home = folder.deletingLastPathComponent().deletingLastPathComponent()
        defer { try? FileManager.default.removeItem(at: home) }
        try body(folder)
    }

    private func edit(_ file: URL, _ changes: [String: Any]) throws {
        let object =
            try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any]
        try JSONSerialization.data(withJSONObject: (object ?? [:]).merging(changes) { $1 })
            .write(to: file)
    }

    private func problem(_ folder: URL) -> String {
        do {
            _ = try AutoRegEmbedder(folder: folder)
            return ""
        } catch { return "\(error)" }
    }

    @Test(arguments: ["qwen3", "mistral", "llama"])
    func equalsSentenceTransformers(_ name: String) throws {
        let fixture = try JSONDecoder().decode(
            Fixture.self, from: Data(contentsOf: Self.folder("vectors.json")))
        let expected = try #require(fixture.vectors[name])
        let embedder = try AutoRegEmbedder(folder: Self.folder(name))
        #expect(embedder.dimensions == expected.dimensions)
        for (instruction, vectors): (Instruction, [[Float]]) in [
            (.next, expected.next), (.self_, expected.`self`), (.none, expected.none),
            (.custom("Say: "), expected.say),
        ] {
            for (text, vector) in zip(fixture.texts, vectors) {
                // No token at all.
                if embedder.inputTokens(text, instruction: instruction).isEmpty { continue }
                let found = try embedder.encode([text], instruction: instruction)[0]
                let difference = zip(found.vector, vector).map { ($0 - $1).magnitude }.max() ?? 1
                #expect(
                    found.vector.count == vector.count && difference < 2e-5,
                    "\(instruction) \(text.debugDescription): off by \(difference)")
            }
        }
        #expect(
            try embedder.encode(["long " + fixture.texts[4]], instruction: .next)[0].isTruncated)
    }

    /// A database finds the same model again.
    @Test(arguments: ["qwen3", "llama"])
    func opensAgain(_ name: String) throws {
        let embedder = try AutoRegEmbedder(folder: Self.folder(name))
        let recorded = embedder.identity
        #expect(recorded.dimensions == embedder.dimensions)
        let again = try RecordedModelFinder().find(recorded)
        #expect(again?.identity.fingerprint == recorded.fingerprint)
        #expect(again?.identity == recorded)
    }

    @Test func fingerprintChangesWithWhatChangesVectors() throws {
        try withCopy("mistral") { folder in
            var seen: Set<String> = []
            func isNew() throws -> Bool {
                try seen.insert(AutoRegEmbedder(folder: folder).identity.fingerprint).inserted
            }
            #expect(try isNew())
            let prompts = folder.appendingPathComponent("config_sentence_transformers.json")
            try edit(prompts, ["prompts": ["query": "other: "]])
            #expect(try isNew())
            let dense = folder.appendingPathComponent("2_Dense/config.json")
            try edit(
                dense, ["activation_function": "torch.nn.modules.linear.Identity"])
            #expect(try isNew())
            try edit(
                folder.appendingPathComponent("1_Pooling/config.json"),
                ["pooling_mode_lasttoken": false, "pooling_mode_cls_token": true])
            #expect(try isNew())
            try edit(
                folder.appendingPathComponent("sentence_bert_config.json"), ["max_seq_length": 25])
            #expect(try isNew())
        }
    }

    /// With a pooling of the caller's own, or vdb's own settings beside it, the folder is the language
    /// model alone.
    @Test func modulesCountWithoutOtherSettings() throws {
        try withCopy("qwen3") { folder in
            let sentence = try AutoRegEmbedder(folder: folder)
            #expect(sentence.inputTokens("a", instruction: .none).count == 2)
            var options = AutoRegEmbedder.Options()
            options.pooling = .last
            let plain = try AutoRegEmbedder(folder: folder, options: options)
            #expect(plain.inputTokens("a", instruction: .none).count > 2)
            try Data(#"{"pooling": "last"}"#.utf8)
                .write(to: folder.appendingPathComponent("autoregembed.json"))
            let settings = try AutoRegEmbedder(folder: folder)
            #expect(settings.identity.fingerprint == plain.identity.fingerprint)
        }
    }

    @Test func refusesByName() throws {
        for (file, key, value): (String, String, Any) in [
            ("1_Pooling/config.json", "pooling_mode_max_tokens", true),
            ("1_Pooling/config.json", "pooling_mode", "weightedmean"),
            ("2_Dense/config.json", "activation_function", "torch.nn.modules.activation.Mish"),
            ("2_Dense/config.json", "use_residual", true),
            ("2_Dense/config.json", "module_input_name", "token_embeddings"),
            ("2_Dense/config.json", "in_features", 8),
            ("2_Dense/config.json", "out_features", 7), ("2_Dense/config.json", "bias", "x"),
            ("sentence_bert_config.json", "do_lower_case", true),
            ("sentence_bert_config.json", "transformer_task", "fill-mask"),
            ("sentence_bert_config.json", "max_seq_length", 0),
            ("config_sentence_transformers.json", "default_prompt_name", "absent"),
            ("config_sentence_transformers.json", "prompts", ["query": 1]),
        ] {
            try withCopy("mistral") { folder in
                try edit(folder.appendingPathComponent(file), [key: value])
                let found = problem(folder)
                let isNamed =
                    found.contains(key)
                    || key.hasSuffix("_features") && found.contains("linear.weight")
                    || key == "pooling_mode_max_tokens" && found.contains("pooling_mode")
                #expect(isNamed, "\(file) \(key): \(found)")
            }
        }
        try withCopy("mistral") { folder in
            let file = folder.appendingPathComponent("modules.json")
            let good = try String(contentsOf: file, encoding: .utf8)
            for (old, new) in [
                ("models.Dense", "models.LayerNorm"), ("models.Pooling", "models.CNN"),
                ("models.Transformer", "models.StaticEmbedding"), ("2_Dense", "../2_Dense"),
                ("\"type\"", "\"kind\""), ("[", "{"),
            ] {
                try good.replacingOccurrences(of: old, with: new)
                    .write(to: file, atomically: true, encoding: .utf8)
                #expect(problem(folder).contains("modules.json"), "\(new): \(problem(folder))")
            }
            try good.write(to: file, atomically: true, encoding: .utf8)
            #expect(problem(folder) == "")
            let weights = folder.appendingPathComponent("2_Dense/model.safetensors")
            try FileManager.default.removeItem(at: weights)
            #expect(problem(folder).contains("2_Dense/model.safetensors"))
        }
    }
}
