import Foundation
import Testing
import Tokenization

/// Ids and texts equal to those of Hugging Face's library, as the fixtures record them.
@Suite struct ReferenceTests {
    @Test(arguments: [
        "gpt2", "gpt2 with a prefix space", "llama3", "qwen2", "o200k", "llama2",
        "metaspace, first",
        "metaspace, always, split", "unknown, not fused", "unknown, fused",
    ])
    func family(_ name: String) throws {
        let tokenizer = try Fixture.family(name)
        let family = try #require(try Fixture.load("families")[name] as? [String: Any])
        let cases = try #require(family["cases"] as? [[String: Any]])
        #expect(cases.count > 20)
        for example in cases { try Fixture.expect(example, of: tokenizer) }
    }

    /// Each stage alone, over a model that shows what it left and where it cut.
    @Test func stages() throws {
        let stages = try Fixture.load("stages")
        let texts = try #require(stages["texts"] as? [String])
        let variants = try #require(stages["variants"] as? [String: [String: Any]])
        #expect(variants.count > 80)
        for (name, variant) in variants {
            let changes = try #require(variant["changes"] as? [String: Any])
            let expected = try #require(variant["ids"] as? [[Int]])
            let tokenizer = try Fixture.base(changing: changes, in: stages)
            for (text, ids) in zip(texts, expected) {
                let ours = tokenizer.encodeWithSpecialTokens(text).map(Int.init)
                #expect(ours == ids, "\(name): \(text.debugDescription)")
            }
        }
    }

    /// The tokenizers of real models, which are too large to keep here: folders of tokenizer.json
    /// with, beside each, vectors.jsonl of `{"text", "ids"}`.
    @Test(
        .enabled(
            if: ProcessInfo.processInfo.environment["VDB_TEST_TOKENIZERS"] != nil,
            "VDB_TEST_TOKENIZERS names no folder of tokenizers"))
    func realTokenizers() throws {
        let path = try #require(ProcessInfo.processInfo.environment["VDB_TEST_TOKENIZERS"])
        let root = URL(fileURLWithPath: path)
        var compared = 0
        let folders = try FileManager.default.contentsOfDirectory(
            at: root, includingPropertiesForKeys: nil)
        for folder in folders {
            let vectors = folder.appendingPathComponent("vectors.jsonl")
            guard let lines = try? Data(contentsOf: vectors) else { continue }
            let tokenizer = try Tokenizer(folder: folder)
            for line in lines.split(separator: 0x0A) {
                let vector = try #require(
                    try JSONSerialization.jsonObject(with: line) as? [String: Any])
                let text = try #require(vector["text"] as? String)
                let ids = tokenizer.encode(text).map(Int.init)
                #expect(
                    ids == vector["ids"] as? [Int],
                    "\(folder.lastPathComponent): \(text.debugDescription)")
                compared += 1
            }
        }
        #expect(compared > 0, "no folder in \(path) has a vectors.jsonl")
    }
}
