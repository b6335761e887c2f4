import AutoRegEmbed
import Embedding
import Foundation
import Testing
import Transformer

/// Where a model's files come from, and what is said when one is not what it should be.
@Suite struct ModelPartsTests {
    private func withCopy(_ name: String, _ body: (URL) throws -> Void) throws {
        let folder = try EmbedderFixture.copy(name)
        defer { try? FileManager.default.removeItem(at: folder.deletingLastPathComponent()) }
        try body(folder)
    }

    private func problem(_ folder: URL, base: URL? = nil) -> String {
        var options = AutoRegEmbedder.Options()
        options.base = base
        do {
            _ = try AutoRegEmbedder(folder: folder, options: options)
            return ""
        } catch { return "\(error)" }
    }

    private func edit(_ file: URL, _ changes: [String: Any]) throws {
        let object =
            try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any]
        try JSONSerialization.data(withJSONObject: (object ?? [:]).merging(changes) { $1 })
            .write(to: file)
    }

    /// An adapter that names its base by a name on the hub gets the base's folder from the caller, and
    /// a database opens it again.
    @Test func takesTheBaseThatIsGiven() throws {
        try withCopy("lora") { folder in
            let original = try AutoRegEmbedder(folder: folder)
            try edit(
                folder.appendingPathComponent("adapter_config.json"),
                ["base_model_name_or_path": "someone/tiny-base"])
            #expect(problem(folder).contains("someone/tiny-base"))
            let base = folder.deletingLastPathComponent().appendingPathComponent("base")
            var options = AutoRegEmbedder.Options()
            options.base = base
            let given = try AutoRegEmbedder(folder: folder, options: options)
            #expect(given.identity.fingerprint == original.identity.fingerprint)
            #expect(original.identity.settings["base"] == nil)

            let recorded = given.identity
            let opened = try RecordedModelFinder().find(recorded)
            #expect(opened?.identity.fingerprint == recorded.fingerprint)
            // The base has moved.
            let moved = folder.deletingLastPathComponent().appendingPathComponent("moved")
            try FileManager.default.moveItem(at: base, to: moved)
            #expect(throws: EmbedderUnavailable.self) { try RecordedModelFinder().find(recorded) }
            var finder = RecordedModelFinder()
            finder.options.base = moved
            #expect(try finder.find(recorded)?.identity.fingerprint == recorded.fingerprint)
            #expect(
                try AutoRegEmbedder.tokenizer(folder: folder, base: moved).bosID
                    == given.tokenizer.bosID)
            #expect(problem(moved, base: moved).contains("not an adapter"))
        }
    }

    @Test(arguments: [
        "model.safetensors", "config.json", "tokenizer.json", "tokenizer_config.json",
        "generation_config.json",
    ])
    func recognizesGitPointers(_ name: String) throws {
        try withCopy("base") { folder in
            let file = folder.appendingPathComponent(name)
            try Data("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n".utf8)
                .write(to: file)
            #expect(problem(folder) == "\(file.path): a Git LFS pointer, not the file itself")
        }
    }

    @Test(arguments: ["adapter_config.json", "adapter_model.safetensors"])
    func recognizesGitPointersOfAdapters(_ name: String) throws {
        try withCopy("lora") { folder in
            let file = folder.appendingPathComponent(name)
            try Data("version https://git-lfs.github.com/spec/v1\n".utf8).write(to: file)
            #expect(problem(folder) == "\(file.path): a Git LFS pointer, not the file itself")
        }
    }

    /// Without tokenizer_config.json there is no beginning of text; one that cannot be read is not
    /// taken for that.
    @Test func doesNotTakeUnreadableForMissing() throws {
        try withCopy("base") { folder in
            for name in ["tokenizer_config.json", "generation_config.json", "tokenizer.json"] {
                let file = folder.appendingPathComponent(name)
                let content = try Data(contentsOf: file)
                try FileManager.default.removeItem(at: file)
                if name != "tokenizer.json" { #expect(problem(folder) == "") }
                try FileManager.default.createDirectory(
                    at: file, withIntermediateDirectories: false)
                let found = problem(folder)
                #expect(found.contains(name) && !found.contains("there is no"), "\(found)")
                try FileManager.default.removeItem(at: file)
                try content.write(to: file)
            }
            #expect(problem(folder) == "")
        }
    }

    @Test func namesTokenizersThatAreNotRead() throws {
        try withCopy("base") { folder in
            try FileManager.default.removeItem(at: folder.appendingPathComponent("tokenizer.json"))
            #expect(problem(folder) == "\(folder.path): has no tokenizer.json")
            try Data("x".utf8).write(to: folder.appendingPathComponent("tokenizer.model"))
            #expect(
                problem(folder)
                    == "\(folder.path): has tokenizer.model, but no tokenizer.json")
        }
    }

    /// Every id that config.json, or generation_config.json in its place, gives ends a text; so does
    /// the tokenizer's own.
    @Test func decodesUpToEveryEndOfText() throws {
        try withCopy("base") { folder in
            let config = folder.appendingPathComponent("config.json")
            let generation = folder.appendingPathComponent("generation_config.json")
            try FileManager.default.removeItem(at: generation)
            try edit(config, ["eos_token_id": NSNull()])
            func text() throws -> String {
                try AutoRegEmbedder(folder: folder)
                    .decode("A wing.", instruction: .self_, maximumTokens: 12)
            }
            let embedder = try AutoRegEmbedder(folder: folder)
            let states = try embedder.states("A wing.", instruction: .self_)
            let ids = try embedder.decoder.generateGreedily(
                after: SequenceInput(prefix: states.flatMap { $0 }, rows: 5, tokens: []),
                maximumTokens: 12)
            let whole = try text()
            #expect(whole == embedder.tokenizer.decode(ids, skippingSpecialTokens: true))
            let end = try #require(ids.dropFirst(2).first { $0 != ids[0] })
            let short = embedder.tokenizer.decode(
                Array(ids.prefix { $0 != end }), skippingSpecialTokens: true)
            #expect(short != whole)

            try edit(config, ["eos_token_id": [1, Int(end)]])
            #expect(try text() == short)
            try Data("{}".utf8).write(to: generation)
            #expect(try text() == short)
            try edit(generation, ["eos_token_id": 1])
            #expect(try text() == whole)
            try edit(config, ["eos_token_id": 1])
            try edit(generation, ["eos_token_id": [1, Int(end)]])
            #expect(try text() == short)
        }
    }
}
