import Foundation
import TestSupport
import Testing
import Tokenization

/// The fixtures that `Fixtures/make_fixtures.py` writes.
enum Fixture {
    static func load(_ name: String) throws -> [String: Any] {
        let file = Bundle.module.url(forResource: "Fixtures/\(name)", withExtension: "json")
        guard let file,
            let object = try JSONSerialization.jsonObject(with: Data(contentsOf: file))
                as? [String: Any]
        else { throw Missing(name: name) }
        return object
    }

    struct Missing: Error { let name: String }

    static func tokenizer(_ json: [String: Any], configuration: String? = nil) throws -> Tokenizer {
        try Tokenizer(
            data: JSONSerialization.data(withJSONObject: json),
            configuration: configuration.map { Data($0.utf8) })
    }

    /// The tokenizer of a family, by its name in families.json.
    static func family(_ name: String, configuration: String? = nil) throws -> Tokenizer {
        try tokenizer(familyJSON(name), configuration: configuration)
    }

    static func familyJSON(_ name: String) throws -> [String: Any] {
        guard let family = try load("families")[name] as? [String: Any],
            let json = family["tokenizer"] as? [String: Any]
        else { throw Missing(name: name) }
        return json
    }

    /// A byte-level model with some stages of stages.json's base exchanged.
    static func base(changing changes: [String: Any], in stages: [String: Any]? = nil) throws
        -> Tokenizer
    {
        guard var json = try (stages ?? load("stages"))["base"] as? [String: Any] else {
            throw Missing(name: "base")
        }
        json.merge(changes) { $1 }
        return try tokenizer(json)
    }

    /// `base` with text cut by an expression, nothing thrown away.
    static func splitting(at expression: String, behavior: String = "Isolated") throws -> Tokenizer
    {
        try base(changing: [
            "pre_tokenizer": [
                "type": "Sequence",
                "pretokenizers": [
                    [
                        "type": "Split", "pattern": ["Regex": expression], "behavior": behavior,
                        "invert": false,
                    ],
                    ["type": "ByteLevel", "add_prefix_space": false, "use_regex": false],
                ],
            ]
        ])
    }
}

extension RandomSource {
    /// Text of the kinds of characters that tokenizers tell apart.
    mutating func text(parts: Int) -> String {
        let words = [
            "a", "the", "Heron", "don't", "'S", "'ll", "'\u{17F}", " ", "  ", "\n", "\r\n", "\t",
            "\u{A0}", "\u{3000}", "12", "1234567", "٣", "½", "é", "e\u{301}", "日本", "ไทย", "👩‍👩‍👧", "!",
            "...", "<s>", "<EMBED0>", "<tool>", "▁", "_", "\u{0}", "\u{FEFF}", "ß", "가", "\u{1161}",
        ]
        var text = ""
        for _ in 0..<Int.random(in: 0...parts, using: &self) {
            if Int.random(in: 0..<10, using: &self) > 0 {
                text += words.randomElement(using: &self) ?? ""
            } else if let scalar = Unicode.Scalar(UInt32.random(in: 0..<0x30000, using: &self)) {
                text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}

extension Fixture {
    /// Compares ids, ids with special tokens and decoded text with Hugging Face's.
    static func expect(_ example: [String: Any], of tokenizer: Tokenizer) throws {
        let text = try #require(example["text"] as? String)
        let ids = try #require(example["ids"] as? [Int]).map(Int32.init)
        // Twice: the second time words are remembered.
        for _ in 0..<2 {
            #expect(tokenizer.encode(text) == ids, "\(text.debugDescription)")
        }
        #expect(
            tokenizer.encodeWithSpecialTokens(text).map(Int.init)
                == example["special"] as? [Int], "\(text.debugDescription)")
        let decoded = try #require(example["decoded"] as? String)
        let ours = tokenizer.decode(ids, skippingSpecialTokens: false)
        #expect(
            ours.utf8.elementsEqual(decoded.utf8),
            "\(text.debugDescription) came back as \(ours.debugDescription)")
    }
}
