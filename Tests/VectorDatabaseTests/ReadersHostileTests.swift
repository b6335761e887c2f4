import Foundation
import TestSupport
import Testing
import VectorDatabase

/// Damaged input: whatever the bytes, reading ends with documents or with a `SourceError`.
@Suite struct ReadersHostileTests {
    let folder = TemporaryFolder()

    private static let seeds: [(name: String, text: String)] = [
        (
            "a.jsonl",
            #"{"_id":"x","title":"T","text":"é \u00e9 \ud83d\ude00 \"q\"","n":[1,-2.5e3,true,null],"metadata":{"a":{"b":"c"}},"vector":[0.1,2]}"#
                + "\n" + #"{"id":7,"text":""}"# + "\n"
        ),
        ("a.csv", "id,text,year\r\n1,\"two\r\nlines \"\"q\"\"\",2020\r\n2,plain,\r\n"),
        ("a.tsv", "1\tone\n2\ttwo\twith tab\n"),
        ("a.md", "# Title\n\nText with `code`.\n\n```\n# no\n```\n\nUnder\n---\n| a | b |\n- x\n"),
        (
            "a.npy",
            "\u{0}NUMPY\u{1}\u{0}\u{46}\u{0}{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }           \n........"
        ),
    ]

    @Test(arguments: 0..<seeds.count) func mutations(kind: Int) async throws {
        let (name, text) = Self.seeds[kind]
        var generator = RandomSource.forTest(1, part: kind)
        var outcomes = (read: 0, refused: 0)
        for _ in 0..<400 {
            var bytes = Array(text.utf8)
            if name == "a.npy" { bytes[0] = 0x93 }
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.removeSubrange(place..<min(bytes.count, place + 3))
                case 2: bytes.insert(contentsOf: bytes[place...].prefix(9), at: place)
                default:
                    bytes[place] = Array("{}[]\",:\\\r\n\t0e-".utf8).randomElement(
                        using: &generator)!
                }
                if bytes.isEmpty { bytes = [10] }
            }
            let path = try folder.write(name, bytes)
            do {
                _ = try await read([path])
                outcomes.read += 1
            } catch is SourceError {
                outcomes.refused += 1
            }
        }
        // Both must happen, or the mutations would test nothing.
        #expect(outcomes.refused > 10 || name == "a.md")
        #expect(outcomes.read > 10 || name == "a.npy")
    }

    @Test func filtersOfRandomWords() {
        let words = [
            "a", "b.c", "\"d e\"", "'t'", "'it''s'", "1", "-2.5", "1e9", "=", "<>", "!=", "<", ">=",
            "AND", "OR", "NOT", "IN", "LIKE", "BETWEEN", "IS", "NULL", "TRUE", "(", ")", ",", ".",
            "'",
            "\"", "!", "é",
        ]
        var generator = RandomSource.forTest(5)
        var accepted = 0
        for _ in 0..<5000 {
            let expression = (0..<Int.random(in: 1...8, using: &generator))
                .map { _ in words.randomElement(using: &generator)! }.joined(separator: " ")
            do throws(FilterError) {
                _ = try Filter(expression)
                accepted += 1
            } catch {
                #expect(error.column >= 1 && error.column <= expression.count + 1, "\(expression)")
            }
        }
        #expect(accepted > 50)
    }
}
