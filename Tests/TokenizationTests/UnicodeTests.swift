import Foundation
import Testing
import Tokenization

/// Where Hugging Face's library has its own ideas of characters: Fixtures/make_unicode.py.
@Suite struct UnicodeTests {
    private static func tokenizer(
        _ fixture: [String: Any], changing changes: [String: Any]
    ) throws -> Tokenizer {
        var json: [String: Any] = [
            "version": "1.0", "added_tokens": [Any](), "normalizer": NSNull(),
            "pre_tokenizer": NSNull(), "post_processor": NSNull(), "decoder": NSNull(),
            "model": [
                "type": "BPE", "vocab": try #require(fixture["vocabulary"]), "merges": [String](),
            ],
        ]
        json.merge(changes) { $1 }
        return try Fixture.tokenizer(json)
    }

    /// Every character that the library or today's Unicode calls punctuation, and its neighbors.
    @Test func punctuation() throws {
        let fixture = try Fixture.load("unicode")
        let ranges = try #require(fixture["punctuation"] as? [[Int]])
        var known: Set<UInt32> = []
        for range in ranges { known.formUnion(UInt32(range[0])...UInt32(range[1])) }
        #expect(known.count == 726)
        // A mark in front of each piece shows how many there are.
        let tokenizer = try Self.tokenizer(
            fixture,
            changing: [
                "pre_tokenizer": [
                    "type": "Sequence",
                    "pretokenizers": [
                        ["type": "Punctuation", "behavior": "Isolated"],
                        ["type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"],
                        ["type": "ByteLevel", "add_prefix_space": false, "use_regex": false],
                    ],
                ]
            ])
        var asked = known
        for value in UInt32(0)..<0x20000 where Unicode.Scalar(value) != nil {
            let category = Unicode.Scalar(value)?.properties.generalCategory
            switch category {
            case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
                .initialPunctuation, .finalPunctuation, .otherPunctuation:
                asked.insert(value)
            default: break
            }
        }
        for value in asked { asked.formUnion([value &+ 1, max(1, value) - 1]) }
        #expect(asked.count > 1000)
        for value in asked {
            guard let scalar = Unicode.Scalar(value), value > 0x20, value != 0x2581 else {
                continue
            }
            let marks = tokenizer.encode("a\(scalar)a").count - 2 - String(scalar).utf8.count
            let isPunctuation = known.contains(value)
            #expect(marks == (isPunctuation ? 9 : 3), "U+\(String(value, radix: 16))")
        }
    }

    /// `first` means where the text as it came begins, even if a normalizer took the beginning out.
    @Test func metaspaceFirst() throws {
        let fixture = try Fixture.load("unicode")
        let texts = try #require(fixture["texts"] as? [String])
        let cases = try #require(fixture["metaspace"] as? [[String: Any]])
        #expect(cases.count == 60)
        for example in cases {
            let name = try #require(example["name"] as? String)
            let expected = try #require(example["ids"] as? [[Int]])
            var changes = example
            changes["name"] = nil
            changes["ids"] = nil
            let tokenizer = try Self.tokenizer(fixture, changing: changes)
            for (text, ids) in zip(texts, expected) {
                let found = tokenizer.encode(text, specialTokens: true).map(Int.init)
                #expect(found == ids, "\(name): \(text.debugDescription)")
            }
        }
    }

    /// Tokens that only differ in their normal form: in the vocabulary, among the added tokens and in
    /// the post-processor.
    @Test func canonicallyEquivalentTokensAreDifferent() throws {
        let cases = try #require(try Fixture.load("unicode")["canonical"] as? [[String: Any]])
        #expect(cases.count == 2)
        for example in cases {
            // As text: a Swift dictionary would take the two for one key.
            let json = try #require(example["tokenizer"] as? String)
            let forms = try #require(example["forms"] as? [String])
            let tokenizer = try Tokenizer(data: Data(json.utf8), configuration: nil)
            let ids = forms.map { tokenizer.id(ofToken: $0).map(Int.init) }
            #expect(ids == example["ids_of_forms"] as? [Int] && Set(ids).count == 2)
            let texts = try #require(example["texts"] as? [String])
            for (text, ids) in zip(texts, try #require(example["ids"] as? [[Int]])) {
                let found = tokenizer.encodeWithSpecialTokens(text).map(Int.init)
                #expect(found == ids, "\(text.debugDescription)")
            }
            let extended = try tokenizer.addingSpecialTokens(["<\u{E9}>", "<e\u{301}>"])
            #expect(Set(extended.ids).count == 2)
        }
    }

    /// A thread keeps what it learned of characters; it must not change what comes next.
    @Test func normalizationDoesNotDependOnEarlierTexts() throws {
        let fixture = try Fixture.load("unicode")
        let texts = try #require(fixture["texts"] as? [String])
        for form in ["NFC", "NFD", "NFKC", "NFKD"] {
            let changes: [String: Any] = [
                "normalizer": ["type": form],
                "pre_tokenizer": [
                    "type": "ByteLevel", "add_prefix_space": false, "use_regex": false,
                ],
            ]
            let used = try Self.tokenizer(fixture, changing: changes)
            for text in texts + texts.reversed() {
                let fresh = try Self.tokenizer(fixture, changing: changes)
                #expect(used.encode(text) == fresh.encode(text), "\(form) \(text)")
            }
        }
    }
}
