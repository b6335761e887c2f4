import Foundation
import TestSupport
import Testing
import Tokenization

@Suite struct TokenizerTests {
    /// Ids of text decode to the text, whatever is in it, for models that can spell every byte.
    @Test(arguments: ["gpt2", "llama3", "o200k", "llama2"])
    func decodingInverts(_ family: String) throws {
        let tokenizer = try Fixture.family(family)
        var generator = RandomSource.forTest(3)
        for _ in 0..<500 {
            // The stripping of <|end|> takes white space along, and `▁` stands for a space.
            let text = generator.text(parts: 15).replacing("▁", with: "")
            let decoded = tokenizer.decode(tokenizer.encode(text), skippingSpecialTokens: false)
            #expect(decoded == text, "\(text.debugDescription)")
        }
    }

    @Test(arguments: ["gpt2", "llama2", "qwen2", "metaspace, always, split"])
    func streamingEqualsDecoding(_ family: String) throws {
        let tokenizer = try Fixture.family(family)
        var generator = RandomSource.forTest(4)
        for _ in 0..<200 {
            let ids = tokenizer.encode(generator.text(parts: 20))
            var decoder = StreamingDecoder(tokenizer)
            var text = ""
            for id in ids {
                let added = decoder.append(id)
                text += added
            }
            text += decoder.finish()
            #expect(text == tokenizer.decode(ids, skippingSpecialTokens: true))
        }
    }

    /// A special token's name in a text is ordinary characters unless one asks otherwise.
    @Test func specialTokensInText() throws {
        let tokenizer = try Fixture.family("gpt2")
        let embed = try #require(tokenizer.id(ofToken: "<EMBED0>"))
        #expect(!tokenizer.encode("a<EMBED0>b").contains(embed))
        #expect(tokenizer.encode("a<EMBED0>b", specialTokens: true).contains(embed))
        #expect(tokenizer.isSpecial(embed))
        // Added, but not special: found in any text.
        let tool = try #require(tokenizer.id(ofToken: "<tool>"))
        #expect(tokenizer.encode("a<tool>b").contains(tool))
        #expect(!tokenizer.isSpecial(tool))
        #expect(tokenizer.decode([embed, tool], skippingSpecialTokens: true) == "<tool>")
    }

    @Test func beginningAndEnd() throws {
        let named = #"{"bos_token": {"content": "<s>", "lstrip": false}, "eos_token": "</s>"}"#
        let tokenizer = try Fixture.family("llama2", configuration: named)
        #expect(tokenizer.bosID == 1)
        #expect(tokenizer.eosID == 2)
        let none = try Fixture.family("gpt2", configuration: #"{"bos_token": null}"#)
        #expect(none.bosID == nil)
        #expect(none.eosID == nil)
        let lacking = "tokenizer_config.json: eos_token"
        #expect(throws: TokenizerError.unknownToken("<nothing>", usedAs: lacking)) {
            _ = try Fixture.family("gpt2", configuration: #"{"eos_token": "<nothing>"}"#)
        }
    }

    @Test func aMissingFileIsNamed() {
        #expect {
            _ = try Tokenizer(folder: URL(fileURLWithPath: "/nonexistent/model"))
        } throws: { error in
            guard case TokenizerError.unreadable(let path, _) = error else { return false }
            return path == "/nonexistent/model/tokenizer.json"
        }
    }

    @Test func idsOutsideTheVocabularyArePassedOver() throws {
        let tokenizer = try Fixture.family("gpt2")
        let ids: [Int32] = [-1, .max, .min, Int32(tokenizer.vocabularySize)]
        #expect(tokenizer.decode(ids, skippingSpecialTokens: false) == "")
    }

    @Test func manyThreadsShareOne() async throws {
        let tokenizer = try Fixture.family("llama3")
        var generator = RandomSource.forTest(5)
        let texts = (0..<100).map { _ in generator.text(parts: 30) }
        let expected = texts.map(tokenizer.encode)
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 {
                group.addTask { texts.map(tokenizer.encode) == expected }
            }
            for await equal in group { #expect(equal) }
        }
    }

    // MARK: Adding tokens

    static let configuration = """
        {
          "added_tokens_decoder": {
            "0": {"content": "<s>", "special": true}
          },
          "additional_special_tokens": [],
          "bos_token": "<s>"
        }
        """

    @Test func addingSpecialTokens() throws {
        let names = ["<EMBED0>", "<EMBED1>", "<EMBED2>", "<new \"one\">"]
        let old = try Fixture.family("gpt2", configuration: Self.configuration)
        let extended = try old.addingSpecialTokens(names)
        let size = Int32(old.vocabularySize)
        #expect(extended.ids[2...] == [size, size + 1])
        #expect(extended.ids[0] == old.id(ofToken: "<EMBED0>"))

        let new = try Tokenizer(
            data: extended.tokenizerJSON, configuration: extended.configuration)
        #expect(names.map(new.id(ofToken:)) == extended.ids)
        #expect(extended.ids.allSatisfy(new.isSpecial))
        #expect(new.vocabularySize == old.vocabularySize + 2)
        #expect(new.encode("The <EMBED2> heron") == old.encode("The <EMBED2> heron"))
        #expect(new.encode("x<EMBED2>", specialTokens: true).last == extended.ids[2])

        // Everything else is as it was: without the insertion, the bytes are the old ones.
        #expect(
            extended.tokenizerJSON.count - old.fingerprint.count
                == zip(extended.ids[2...], names[2...]).reduce(0) { sum, token in
                    let quoted = token.1.replacing("\"", with: "\\\"")
                    let entry =
                        #", {"id": \#(token.0), "content": "\#(quoted)", "single_word": false, "#
                        + #""lstrip": false, "rstrip": false, "normalized": false, "special": true}"#
                    return sum + entry.utf8.count
                })
        let configuration = try #require(extended.configuration)
        let json = try #require(
            try JSONSerialization.jsonObject(with: configuration) as? [String: Any])
        #expect(
            (json["added_tokens_decoder"] as? [String: Any])?.keys.sorted()
                == ["0", "\(size)", "\(size + 1)"].sorted())
        #expect(json["additional_special_tokens"] as? [String] == Array(names[2...]))

        // Nothing new: nothing changed.
        #expect(try new.addingSpecialTokens(names).tokenizerJSON == extended.tokenizerJSON)
    }

    @Test(arguments: ["", #", "added_tokens": null"#, #", "added_tokens": [ ]"#])
    func addingToNone(_ list: String) throws {
        let json = HostileFileTests.small(top: list)
        let old = try Tokenizer(data: Data(json.utf8), configuration: nil)
        let extended = try old.addingSpecialTokens(["<x>", "<x>", "ab"])
        #expect(extended.ids == [3, 3, 2])
        #expect(extended.configuration == nil)
        let new = try Tokenizer(data: extended.tokenizerJSON, configuration: nil)
        #expect(new.encode("ab<x>", specialTokens: true) == [2, 3])
        #expect(new.isSpecial(2))
    }
}
