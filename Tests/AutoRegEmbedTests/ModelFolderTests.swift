import AutoRegEmbed
import Foundation
import Testing

/// Folders as training leaves them, and as they should not be.
@Suite struct ModelFolderTests {
    private func write(_ settings: [String: Any], _ folder: URL) throws {
        try JSONSerialization.data(withJSONObject: settings)
            .write(to: folder.appendingPathComponent("autoregembed.json"))
    }

    private func problem(_ folder: URL, _ options: AutoRegEmbedder.Options = .init()) -> String? {
        do {
            let embedder = try AutoRegEmbedder(folder: folder, options: options)
            _ = try embedder.score(query: "a", documents: ["b"])
            return nil
        } catch { return "\(error)" }
    }

    @Test func fingerprintChangesWithWhatChangesVectors() throws {
        let folder = try EmbedderFixture.copy("base")
        defer { try? FileManager.default.removeItem(at: folder.deletingLastPathComponent()) }
        func fingerprint(_ options: AutoRegEmbedder.Options = .init()) throws -> String {
            try AutoRegEmbedder(folder: folder, options: options).identity.fingerprint
        }
        let original = try fingerprint()
        #expect(original.count == 32)
        #expect(try fingerprint() == original)
        var seen: Set<String> = [original]
        var options = AutoRegEmbedder.Options()
        options.pooling = .mean
        #expect(try seen.insert(fingerprint(options)).inserted)
        options = .init()
        options.maximumLength = 100
        #expect(try seen.insert(fingerprint(options)).inserted)
        options = .init()
        options.precision = .bfloat16
        #expect(try seen.insert(fingerprint(options)).inserted)
        for settings: [String: Any] in [
            ["compressed_tokens": 3], ["normalize": false],
            ["template": "{bos}{text}{instruction}\n{compressed_tokens}"],
            ["instructions": ["retrieval": ["next": "Other"]]],
        ] {
            try write(settings, folder)
            #expect(try seen.insert(fingerprint()).inserted, "\(settings)")
        }
        try write(["decoder": NSNull(), "instructions": [:]], folder)
        #expect(try fingerprint() == original)

        let weights = folder.appendingPathComponent("model.safetensors")
        var data = try Data(contentsOf: weights)
        data[data.count - 3] ^= 1
        try data.write(to: weights)
        #expect(try seen.insert(fingerprint()).inserted)
    }

    @Test func templateIsData() throws {
        let folder = try EmbedderFixture.copy("base")
        defer { try? FileManager.default.removeItem(at: folder.deletingLastPathComponent()) }
        func ids(_ text: String) throws -> [Int32] {
            try write(["template": "{text}"], folder)
            var options = AutoRegEmbedder.Options()
            options.pooling = .last
            return try AutoRegEmbedder(folder: folder, options: options)
                .inputTokens(text, instruction: .next)
        }
        let (query, instruction) = try (ids("Q: wing?"), ids(" X\n"))
        try write(
            ["template": "Q: {text}?{instruction}\n{compressed_tokens}", "max_length": 4], folder)
        let embedder = try AutoRegEmbedder(folder: folder)
        let compressed: [Int32] = [258, 259, 260, 261, 262]
        #expect(
            embedder.inputTokens("wing", instruction: .custom(" X"))
                == query.prefix(4) + instruction + compressed)
        #expect(
            embedder.inputTokens("wing", instruction: .none) == query.prefix(4) + compressed)
        for bad in ["", "{instruction}", "{text}{what}"] {
            try write(["template": bad], folder)
            #expect(problem(folder)?.contains("\"template\"") == true)
        }
    }

    /// Echo embeddings: the text twice, the mean over the repetition only.
    @Test func repeatedTextPoolsItsRepetition() throws {
        var options = AutoRegEmbedder.Options()
        options.pooling = .mean
        options.template = "{bos}Rewrite: {text} Rewritten: {text}"
        let embedder = try AutoRegEmbedder(
            folder: EmbedderFixture.folder("base"), options: options)
        let echo = try embedder.encode(["wing"], instruction: .none)[0]
        options.template = "{bos}Rewrite: wing Rewritten: {text}"
        let plain = try AutoRegEmbedder(
            folder: EmbedderFixture.folder("base"), options: options
        ).encode(["wing"], instruction: .none)[0]
        #expect(echo.tokenCount == plain.tokenCount)
        #expect(echo.vector != plain.vector)
    }

    @Test func refusesWrongSettings() throws {
        let folder = try EmbedderFixture.copy("base")
        defer { try? FileManager.default.removeItem(at: folder.deletingLastPathComponent()) }
        #expect(problem(folder) == nil)
        for (key, value): (String, Any) in [
            ("compressed_tokens", -1), ("compressed_tokens", "five"), ("compressed_tokens", 0),
            ("pooling", "max"), ("normalize", 1), ("max_length", 0), ("max_length", 1.5),
            ("decoder", 3), ("decoder_vocabulary", 0), ("decoder_vocabulary", 100_000),
            ("instructions", []), ("instructions", ["other": [:]]),
            ("instructions", ["retrieval": ["query": "a"]]), ("pooling_mode", "last"),
            ("Pooling", "last"), ("hybrid_weight", -0.5), ("hybrid_weight", "much"),
            ("hybrid_weight", true), ("decoder_scale", 0), ("decoder_scale", -1),
            ("decoder_scale", 1e9), ("decoder_scale", "auto"),
        ] {
            try write([key: value], folder)
            #expect(problem(folder)?.contains(key) == true, "\(key): \(value)")
        }
        try write(["compressed_tokens": 6], folder)
        #expect(problem(folder)?.contains("<EMBED5>") == true)
        try Data("{\"pooling\":\"last\",\"pooling\":\"mean\"}".utf8)
            .write(to: folder.appendingPathComponent("autoregembed.json"))
        #expect(problem(folder)?.contains("appears twice") == true)
    }

    /// A language model as it comes from a hub: no compressed tokens, no `autoregembed.json`.
    @Test func aLanguageModelPoolsItsLastToken() throws {
        let folder = try EmbedderFixture.copy("base")
        defer { try? FileManager.default.removeItem(at: folder.deletingLastPathComponent()) }
        try? FileManager.default.removeItem(
            at: folder.appendingPathComponent("autoregembed.json"))
        #expect(try !AutoRegEmbedder(folder: folder).isUntrained)
        let file = folder.appendingPathComponent("tokenizer.json")
        let tokenizer = try String(contentsOf: file, encoding: .utf8)
        #expect(tokenizer.contains("<EMBED0>"))
        try Data(tokenizer.replacing("<EMBED", with: "<OTHER").utf8).write(to: file)

        let embedder = try AutoRegEmbedder(folder: folder)
        #expect(embedder.isUntrained)
        var options = AutoRegEmbedder.Options()
        options.pooling = .last
        let named = try AutoRegEmbedder(folder: folder, options: options)
        #expect(!named.isUntrained)
        #expect(embedder.identity.fingerprint == named.identity.fingerprint)
        #expect(embedder.identity.settings["pooling"] == "last")
        let texts = ["a wing", "what lifts a wing?"]
        #expect(
            try embedder.encode(texts, instruction: .next)
                == named.encode(texts, instruction: .next))
        // The paper's instructions are in the input.
        #expect(
            embedder.inputTokens("a wing", instruction: .next).count
                > embedder.inputTokens("a wing", instruction: .none).count)
        // Whoever asks for compressed tokens is told that there are none.
        options.pooling = .compressed
        #expect(problem(folder, options)?.contains("<EMBED0>") == true)
        try write(["compressed_tokens": 5], folder)
        #expect(problem(folder)?.contains("<EMBED0>") == true)
    }

    @Test func hybridWeightIsReadAndChangesNoVector() throws {
        let folder = try EmbedderFixture.copy("base")
        defer { try? FileManager.default.removeItem(at: folder.deletingLastPathComponent()) }
        let silent = try AutoRegEmbedder(folder: folder)
        #expect(silent.hybridWeight == nil)
        try write(["hybrid_weight": 0.5], folder)
        let speaking = try AutoRegEmbedder(folder: folder)
        #expect(speaking.hybridWeight == 0.5)
        #expect(speaking.identity.fingerprint == silent.identity.fingerprint)
    }

    @Test func checksTheDecoder() throws {
        let folder = try EmbedderFixture.copy("base")
        let home = folder.deletingLastPathComponent()
        defer { try? FileManager.default.removeItem(at: home) }
        let own = try AutoRegEmbedder(folder: folder).score(query: "a", documents: ["b c"])
        let other = home.appendingPathComponent("decoder")
        try FileManager.default.copyItem(at: folder, to: other)
        try write(["decoder": "../decoder"], folder)
        #expect(try AutoRegEmbedder(folder: folder).score(query: "a", documents: ["b c"]) == own)
        try write(
            ["decoder": "../decoder", "decoder_fingerprint": String(repeating: "0", count: 32)],
            folder)
        #expect(problem(folder)?.contains("fingerprint") == true)
        try write(["decoder": "../absent"], folder)
        #expect(problem(folder)?.contains("absent") == true)
    }

    /// The softmax runs over exactly the decoder's vocabulary: without the compressed tokens'
    /// rows a text is more probable, and nothing else changes.
    @Test func decoderVocabularyLeavesOutCompressedTokens() throws {
        let folder = try EmbedderFixture.copy("base")
        defer { try? FileManager.default.removeItem(at: folder.deletingLastPathComponent()) }
        let all = try AutoRegEmbedder(folder: folder).score(query: "a", documents: ["b c"])
        try write(["decoder_vocabulary": 258], folder)
        let own = try AutoRegEmbedder(folder: folder).score(query: "a", documents: ["b c"])
        #expect(own[0].logProbability > all[0].logProbability)
        #expect(own[0].logProbability < 0)
    }

    @Test func refusesDamagedAdapters() throws {
        let folder = try EmbedderFixture.copy("lora")
        defer { try? FileManager.default.removeItem(at: folder.deletingLastPathComponent()) }
        let file = folder.appendingPathComponent("adapter_config.json")
        let good = try #require(
            JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
        for (key, value): (String, Any) in [
            ("base_model_name_or_path", "../absent"), ("base_model_name_or_path", NSNull()),
            ("peft_type", "IA3"), ("use_dora", true), ("bias", "all"), ("lora_alpha", "much"),
            ("r", 0), ("trainable_token_indices", ["embed_tokens": [1]]),
            ("trainable_token_indices", ["embed_tokens": [-1, 2, 3, 4, 5]]),
        ] {
            let bad = good.merging([key: value]) { $1 }
            try JSONSerialization.data(withJSONObject: bad).write(to: file)
            #expect(problem(folder)?.contains(key) == true, "\(key): \(value)")
        }
        // The base may be given where the adapter does not name it.
        var orphan = good
        orphan["base_model_name_or_path"] = "someone/something"
        try JSONSerialization.data(withJSONObject: orphan).write(to: file)
        var options = AutoRegEmbedder.Options()
        options.base = try EmbedderFixture.folder("base")
        #expect(problem(folder, options) == nil)

        try JSONSerialization.data(withJSONObject: good).write(to: file)
        let weights = folder.appendingPathComponent("adapter_model.safetensors")
        let bytes = try Data(contentsOf: weights)
        for (name, other) in [
            ("layers.0.mlp.up_proj.lora_A", "layers.7.mlp.up_proj.lora_A"),
            ("layers.0.mlp.up_proj.lora_A", "layers.0.mlp.up_proj.lora_X"),
            ("layers.0.mlp.up_proj", "layers.0.mlp.un_proj"),
        ] {
            var changed = bytes
            let (from, to) = (Data(name.utf8), Data(other.utf8))
            var start = changed.startIndex
            while let range = changed.range(of: from, in: start..<changed.endIndex) {
                changed.replaceSubrange(range, with: to)
                start = range.upperBound
            }
            try changed.write(to: weights)
            let text = problem(folder) ?? ""
            #expect(text.contains("adapter_config.json"), "\(other): \(text)")
        }
        try bytes.prefix(bytes.count / 2).write(to: weights)
        #expect(problem(folder)?.contains("adapter_model.safetensors") == true)
        try FileManager.default.removeItem(at: weights)
        #expect(problem(folder)?.contains("adapter_model.safetensors") == true)
    }
}
