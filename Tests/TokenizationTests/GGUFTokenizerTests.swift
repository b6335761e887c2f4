import FileFormat
import Foundation
import TestSupport
import Testing
import Tokenization

/// Tokenizers in GGUF files of the `gguf` package, against Hugging Face's library.
@Suite struct GGUFTokenizerTests {
    private struct Case: Decodable {
        let text: String
        let ids: [Int32]
        let special: [Int32]
    }

    private static let names = ["gpt-2", "smollm", "llama-bpe", "qwen2", "gpt-4o", "llama"]

    private static func folder() throws -> URL {
        try #require(Bundle.module.url(forResource: "Fixtures/gguf", withExtension: nil))
    }

    private func cases(_ name: String) throws -> [Case] {
        let data = try Data(contentsOf: Self.folder().appendingPathComponent("cases.json"))
        return try #require(try JSONDecoder().decode([String: [Case]].self, from: data)[name])
    }

    @Test(arguments: names) func idsEqualHuggingFace(_ name: String) throws {
        let file = try Self.folder().appendingPathComponent("\(name).gguf")
        let tokenizer = try Tokenizer(folder: file)
        let cases = try cases(name)
        #expect(cases.count > 20)
        for example in cases {
            #expect(
                tokenizer.encode(example.text) == example.ids, "\(example.text.debugDescription)")
            #expect(
                tokenizer.encodeWithSpecialTokens(example.text) == example.special,
                "\(example.text.debugDescription)")
        }
    }

    /// tokenizer.json as it is written for folders made from the file means the same.
    @Test(arguments: names) func writesTokenizerJSON(_ name: String) throws {
        let tokenizer = try Tokenizer(folder: Self.folder().appendingPathComponent("\(name).gguf"))
        let files = try tokenizer.files()
        let copy = try Tokenizer(data: files.tokenizer, configuration: files.configuration)
        #expect(copy.bosID == tokenizer.bosID)
        #expect(copy.eosID == tokenizer.eosID)
        for example in try cases(name) {
            #expect(copy.encode(example.text) == example.ids)
            #expect(copy.encodeWithSpecialTokens(example.text) == example.special)
            #expect(
                copy.decode(example.ids, skippingSpecialTokens: false)
                    == tokenizer.decode(example.ids, skippingSpecialTokens: false))
        }
        let extended = try tokenizer.addingSpecialTokens(["<EMBED0>"])
        let more = try Tokenizer(
            data: extended.tokenizerJSON, configuration: extended.configuration)
        #expect(more.id(ofToken: "<EMBED0>") == extended.ids[0])
        #expect(more.isSpecial(extended.ids[0]))
    }

    private func tokenizer(_ change: (inout GGUFBuilder) -> Void) throws -> Tokenizer {
        var builder = GGUFBuilder()
        change(&builder)
        let bytes = builder.file
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        memory.copyBytes(from: bytes)
        // Never freed: the metadata points into it.
        let file = try GGUFFile(
            bytes: UnsafeRawBufferPointer(memory), owner: nil, path: "m.gguf")
        return try Tokenizer(metadata: file.metadata)
    }

    private func message(_ change: (inout GGUFBuilder) -> Void) -> String {
        do {
            _ = try tokenizer(change)
            return ""
        } catch { return "\(error)" }
    }

    private func addTokens(_ builder: inout GGUFBuilder) {
        builder.add("tokenizer.ggml.model", "gpt2")
        builder.add("tokenizer.ggml.tokens", ["a", "b", "ab", "<s>"])
        builder.add("tokenizer.ggml.token_type", [1, 1, 1, 3])
        builder.add("tokenizer.ggml.merges", ["a b"])
    }

    @Test func takesSpecialTokensFromTheMetadata() throws {
        func make(_ bos: Bool?) throws -> Tokenizer {
            try tokenizer { builder in
                addTokens(&builder)
                builder.add("tokenizer.ggml.bos_token_id", 3 as UInt32)
                builder.add("tokenizer.ggml.eos_token_id", 3 as UInt32)
                builder.add("tokenizer.ggml.add_eos_token", true)
                if let bos { builder.add("tokenizer.ggml.add_bos_token", bos) }
            }
        }
        #expect(try make(nil).bosID == 3)
        #expect(try make(true).bosID == 3)
        #expect(try make(false).bosID == nil)
        #expect(try make(true).encodeWithSpecialTokens("ab") == [3, 2, 3])
        #expect(try make(false).encodeWithSpecialTokens("ab") == [2, 3])
        #expect(try make(false).encode("ab<s>") == [2])
        #expect(try make(false).eosID == 3)
    }

    @Test func saysWhatIsWrong() {
        #expect(message { _ in }.contains("tokenizer.ggml.tokens"))
        #expect(
            message { builder in
                addTokens(&builder)
                builder.add("tokenizer.ggml.pre", "viking")
            }.contains("viking"))
        #expect(
            message { builder in
                builder.add("tokenizer.ggml.tokens", ["a"])
                builder.add("tokenizer.ggml.model", "rwkv")
            }.contains("rwkv"))
        #expect(
            message { builder in
                builder.add("tokenizer.ggml.model", "gpt2")
                builder.add("tokenizer.ggml.tokens", ["a", "b"])
                builder.add("tokenizer.ggml.merges", ["a b"])
            }.contains("m.gguf: merge 0 needs token ab"))
        #expect(
            message { builder in
                builder.add("tokenizer.ggml.model", "gpt2")
                builder.add("tokenizer.ggml.tokens", ["a", "a"])
            }.contains("twice"))
        #expect(
            message { builder in
                builder.add("tokenizer.ggml.model", "llama")
                builder.add("tokenizer.ggml.tokens", ["a", "b"])
            }.contains("scores"))
        #expect(
            message { builder in
                addTokens(&builder)
                builder.add("tokenizer.ggml.bos_token_id", 4 as UInt32)
            }.contains("bos_token_id"))
        #expect(
            message { builder in
                builder.add("tokenizer.ggml.model", "gpt2")
                builder.add("tokenizer.ggml.tokens", ["a", "b"])
                builder.add("tokenizer.ggml.token_type", [1, 9])
            }.contains("token_type"))
    }
}
