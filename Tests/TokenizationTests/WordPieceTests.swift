import Foundation
import Testing
import Tokenization

/// WordPiece as Hugging Face's library has it: Fixtures/make_wordpiece.py.
@Suite struct WordPieceTests {
    @Test(arguments: [
        "uncased", "cased", "cased without accents", "uncased with accents", "raw", "short words",
        "another prefix", "ideographs",
    ])
    func equalsReference(_ name: String) throws {
        let variants = try #require(
            try Fixture.load("wordpiece")["variants"] as? [String: [String: Any]])
        let variant = try #require(variants[name])
        let tokenizer = try Fixture.tokenizer(try #require(variant["json"] as? [String: Any]))
        let cases = try #require(variant["cases"] as? [[String: Any]])
        #expect(cases.count > 20)
        for example in cases { try Fixture.expect(example, of: tokenizer) }
    }

    private func plain(_ normalizer: String) throws -> Tokenizer {
        let json = """
            {"normalizer": {"type": "BertNormalizer", \(normalizer)},
             "pre_tokenizer": {"type": "WhitespaceSplit"},
             "model": {"type": "WordPiece", "vocab": {"[UNK]": 0, "\u{4e00}": 1, "x": 2}}}
            """
        return try Tokenizer(data: Data(json.utf8), configuration: nil)
    }

    private func ranges(_ name: String) throws -> [ClosedRange<UInt32>] {
        let pairs = try #require(try Fixture.load("wordpiece")[name] as? [[Int]])
        return pairs.map { UInt32($0[0])...UInt32($0[1]) }
    }

    /// Every character of Unicode, after one that is left alone: the word is then that one, or unknown.
    @Test(arguments: [
        (
            "removed",
            #""handle_chinese_chars": false, "strip_accents": false, "lowercase": false"#
        ),
        (
            "accents",
            #""clean_text": false, "handle_chinese_chars": false, "strip_accents": true, "lowercase": false"#
        ),
    ])
    func takesOutTheSameCharacters(_ name: String, _ normalizer: String) throws {
        let tokenizer = try plain(normalizer)
        var expected = Set<UInt32>()
        for range in try ranges(name) { expected.formUnion(range) }
        for page in UInt32(0)..<0x1100 {
            let scalars = (page << 8..<(page + 1) << 8).compactMap(Unicode.Scalar.init)
                .filter { !$0.properties.isWhitespace }
            let words = scalars.map { "\u{4e00}\($0)" }.joined(separator: " ")
            let ids = tokenizer.encode(words)
            #expect(ids.count == scalars.count)
            for (scalar, id) in zip(scalars, ids) where (id == 1) != expected.contains(scalar.value)
            {
                Issue.record("U+\(String(scalar.value, radix: 16)): \(id)")
            }
        }
    }

    @Test func separatesTheSameIdeographs() throws {
        let tokenizer = try plain(
            #""clean_text": false, "strip_accents": false, "lowercase": false"#)
        for range in try ranges("spaced") {
            for (value, isSpaced) in [
                (range.lowerBound - 1, false), (range.lowerBound, true), (range.upperBound, true),
                (range.upperBound + 1, false),
            ] {
                let scalar = try #require(Unicode.Scalar(value))
                let ids = tokenizer.encode("x\(scalar)x")
                #expect(ids.first == (isSpaced ? 2 : 0), "U+\(String(value, radix: 16))")
            }
        }
    }

    // MARK: Files

    private func load(_ model: String) throws -> Tokenizer {
        try Tokenizer(data: Data(#"{"model": \#(model)}"#.utf8), configuration: nil)
    }

    @Test func aFileWithoutATypeIsRecognized() throws {
        let tokenizer = try load(
            ###"{"unk_token": "[UNK]", "max_input_chars_per_word": 9, "vocab": {"[UNK]": 0, "a": 1, "##b": 2}}"###
        )
        #expect(tokenizer.encode("ab") == [1, 2])
        #expect(tokenizer.encode("abbbbbbbbb") == [0])
    }

    @Test(arguments: [
        (
            #"{"type": "WordPiece", "vocab": {"a": 0}}"#,
            TokenizerError.unknownToken("[UNK]", usedAs: "model.unk_token")
        ),
        (#"{"type": "WordPiece"}"#, .missingField("model.vocab")),
        (
            #"{"type": "WordPiece", "vocab": {"[UNK]": 0}, "max_input_chars_per_word": -1}"#,
            .badField(
                "model.max_input_chars_per_word", expected: "a number that is not negative")
        ),
        (
            #"{"type": "WordPiece", "vocab": {"[UNK]": 0, "a": 2000000000}}"#,
            .idOutOfRange(token: "a", id: 2_000_000_000)
        ),
    ])
    func isRefused(_ model: String, _ expected: TokenizerError) {
        #expect(throws: expected) { _ = try load(model) }
    }

    @Test func vocabularyFile() throws {
        func tokenizer(_ words: String, _ settings: String? = nil) throws -> Tokenizer {
            try Tokenizer(
                data: BertVocabulary.tokenizerJSON(
                    vocabulary: Data(words.utf8), configuration: settings.map { Data($0.utf8) }),
                configuration: settings.map { Data($0.utf8) })
        }
        let words = "[PAD]\n[UNK]\r\n[CLS]\n[SEP]\n\nwing\n##s\n\"\\\n\u{e9}\nwing\n"
        let plain = try tokenizer(words)
        // Of equal lines the last counts; an empty one is a token that no text has.
        #expect(plain.encodeWithSpecialTokens("Wings \"\\") == [2, 9, 6, 1, 1, 3])
        #expect(plain.encodeWithSpecialTokens("\u{e9} [SEP]") == [2, 1, 3, 3])
        #expect(plain.vocabularySize == 10)
        let cased = try tokenizer(
            words, #"{"do_lower_case": false, "strip_accents": false, "model_max_length": 9}"#)
        #expect(cased.encodeWithSpecialTokens("Wing wing \u{e9}") == [2, 1, 9, 8, 3])
        #expect(cased.maximumLength == 9)
        let renamed = try tokenizer(
            "<s>\n</s>\n<unk>\na",
            #"{"cls_token": {"content": "<s>"}, "sep_token": "</s>", "unk_token": "<unk>"}"#)
        #expect(renamed.encodeWithSpecialTokens("a b") == [0, 3, 2, 1])
        for broken in ["", "a\n", "[UNK]\n[CLS]\n"] {
            #expect(throws: TokenizerError.self) { try tokenizer(broken) }
        }
        #expect(throws: TokenizerError.self) {
            try BertVocabulary.tokenizerJSON(
                vocabulary: Data([0x5B, 0xFF, 0x0A]), configuration: nil)
        }
    }
}
