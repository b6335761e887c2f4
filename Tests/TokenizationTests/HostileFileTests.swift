import Foundation
import TestSupport
import Testing
import Tokenization

/// Files that are wrong give errors that say what is wrong, and never a trap.
@Suite struct HostileFileTests {
    static func small(
        vocabulary: String = #"{"a": 0, "b": 1, "ab": 2}"#, merges: String = #"["a b"]"#,
        model: String = "", top: String = ""
    ) -> String {
        #"{"version": "1.0", "model": {"type": "BPE", "vocab": \#(vocabulary), "merges": \#(merges)\#(model)}\#(top)}"#
    }

    func load(_ json: String, configuration: String? = nil) throws -> Tokenizer {
        try Tokenizer(data: Data(json.utf8), configuration: configuration.map { Data($0.utf8) })
    }

    @Test func theSmallFileItselfIsFine() throws {
        let tokenizer = try load(Self.small())
        #expect(tokenizer.encode("abba") == [2, 1, 0])
        #expect(tokenizer.vocabularySize == 3)
        #expect(tokenizer.bosID == nil)
    }

    @Test(arguments: [
        (small(vocabulary: #"{"a": -1}"#), TokenizerError.idOutOfRange(token: "a", id: -1)),
        (
            small(vocabulary: #"{"a": 0, "b": 1, "ab": 2147483646}"#),
            .idOutOfRange(token: "ab", id: 2_147_483_646)
        ),
        (
            small(vocabulary: #"{"a": 99999999999999999999}"#),
            .badField("model.vocab", expected: "an integer")
        ),
        (
            small(vocabulary: #"{"a": 1.5}"#),
            .badField("model.vocab", expected: "an integer")
        ),
        (small(vocabulary: #"{"a": 0, "b": 0, "ab": 1}"#), .duplicateID(0, token: "b")),
        (small(vocabulary: #"{"a": 0, "a": 1}"#), .duplicateToken("a")),
        (small(vocabulary: "[]"), .badField("model.vocab", expected: "an object")),
        (small(merges: #"["a b", "a c"]"#), .mergeOfUnknownToken(index: 1, token: "c")),
        (small(merges: #"["b a"]"#), .mergeOfUnknownToken(index: 0, token: "ba")),
        (small(merges: #"["a  b"]"#), .malformedMerge(index: 0)),
        (small(merges: #"["ab"]"#), .malformedMerge(index: 0)),
        (small(merges: #"[["a", "b", "c"]]"#), .malformedMerge(index: 0)),
        (small(merges: #"[["a"]]"#), .malformedMerge(index: 0)),
        (small(merges: "[7]"), .malformedMerge(index: 0)),
        (small(merges: "{}"), .badField("model.merges", expected: "an array")),
        (small(model: #", "unk_token": "?""#), .unknownToken("?", usedAs: "model.unk_token")),
        (
            small(model: #", "dropout": 0.1"#),
            .unsupportedStage(kind: "model setting", type: "dropout")
        ),
        (
            small(top: #", "normalizer": {"type": "Precompiled"}"#),
            .unsupportedStage(kind: "normalizer", type: "Precompiled")
        ),
        (
            small(top: #", "pre_tokenizer": {"type": "UnicodeScripts"}"#),
            .unsupportedStage(kind: "pre-tokenizer", type: "UnicodeScripts")
        ),
        (
            small(top: #", "decoder": {"type": "CTC"}"#),
            .unsupportedStage(kind: "decoder", type: "CTC")
        ),
        (
            small(top: #", "post_processor": {"type": "X"}"#),
            .unsupportedStage(kind: "post-processor", type: "X")
        ),
        (
            #"{"model": {"type": "Unigram", "vocab": [["a", -1.5]]}}"#,
            .unsupportedStage(kind: "model", type: "Unigram")
        ),
        (#"{"model": {"type": "BPE", "merges": []}}"#, .missingField("model.vocab")),
        ("{}", .missingField("model")),
    ])
    func isRefused(_ json: String, _ expected: TokenizerError) {
        #expect(throws: expected) { _ = try load(json) }
        #expect(!expected.description.isEmpty)
    }

    @Test(arguments: [
        "", "{", "nul", #"{"a": 01}"#, #"{"a": "\ud800"}"#, #"{"a": "\x"}"#, "{\"a\": \"\u{1}\"}",
        #"{"a": 1,}"#, #"{"a": [1 2]}"#, "{} x", #"{"a": "b"#, #"{"a": 1e999, "model": {}}"#,
        #"{"a": -}"#, #"{"a": 1.}"#, #"{"a": tru}"#, #"{"a": "\u12"}"#,
    ])
    func malformedJSON(_ json: String) {
        #expect {
            _ = try load(json)
        } throws: { error in
            if case TokenizerError.malformedJSON = error { return true }
            return false
        }
        #expect(throws: TokenizerError.self) { _ = try load(Self.small(), configuration: json) }
    }

    @Test(arguments: ["[", "{\"a\":", #"{"normalizer": "#])
    func deepNesting(_ opening: String) {
        #expect(throws: TokenizerError.self) {
            _ = try load(String(repeating: opening, count: 200_000))
        }
    }

    @Test func escapesAreRead() throws {
        let tokenizer = try load(
            Self.small(
                vocabulary: #"{"\ud83d\ude00": 0, "\u00e9\n\"\\\/\b\f\r\t": 1, "x": 2}"#,
                merges: "[]"))
        #expect(tokenizer.id(ofToken: "😀") == 0)
        #expect(tokenizer.id(ofToken: "é\n\"\\/\u{8}\u{C}\r\t") == 1)
    }

    /// Merges may come before the vocabulary that they speak of.
    @Test func orderOfFields() throws {
        let tokenizer = try load(
            #"{"model": {"merges": [["a", "b"]], "vocab": {"a": 0, "b": 1, "ab": 2}}}"#)
        #expect(tokenizer.encode("ab") == [2])
    }

    /// Bytes of a sound file changed, dropped and doubled: an error or a tokenizer, never a trap.
    @Test func mutations() throws {
        let sound = try JSONSerialization.data(withJSONObject: Fixture.familyJSON("llama3"))
        var generator = RandomSource.forTest(7)
        var refused = 0
        for _ in 0..<300 {
            var data = sound
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let at = Int.random(in: 0..<data.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: data[at] = UInt8.random(in: 0...255, using: &generator)
                case 1: data.remove(at: at)
                case 2: data.insert(contentsOf: data[at..<min(at + 9, data.count)], at: at)
                default: data[at] = "{}[]\",:\\0-9".utf8.randomElement(using: &generator) ?? 0
                }
            }
            do {
                let tokenizer = try Tokenizer(data: data, configuration: nil)
                _ = tokenizer.decode(
                    tokenizer.encode("The heron's 12 reeds. <s>\n"), skippingSpecialTokens: true)
            } catch {
                refused += 1
            }
        }
        #expect(refused > 50)
    }
}
