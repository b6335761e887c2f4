import Foundation
import TestSupport
import Testing
import VectorDatabase

@Suite struct ReadersJSONLinesTests {
    let folder = TemporaryFolder()

    @Test func keysAndTheirPlaces() async throws {
        let path = try folder.write(
            "a.jsonl",
            """
            {"_id": "x", "title": "T", "text": "one", "metadata": {"year": 2020, "tag": ["a"]}, "lang": "en"}
            {"id": 7, "text": "two", "big": 12345678901234567}\r

            {"text": "three", "title": null}
            """)
        let documents = try await read([path]) { $0.baseFolder = folder.path }
        #expect(documents.map(\.id) == ["x", "7", "a.jsonl:4"])
        #expect(documents.map(\.text) == ["one", "two", "three"])
        #expect(documents.map(\.title) == ["T", "", ""])
        #expect(documents[0].metadata == ["year": 2020, "tag": ["a"], "lang": "en"])
        #expect(documents[1].metadata == ["big": 12_345_678_901_234_567])
        #expect(documents.map(\.source) == [1, 2, 4].map { .init(path: path, position: $0) })
        #expect(documents.allSatisfy { $0.layout == .record })
    }

    @Test func strings() async throws {
        let path = try folder.write(
            "a.jsonl",
            #"{"id":"e","text":"\"\\\/\b\f\n\r\t é 😀 \ud83d\ude00 \u00e9 naïve 日本 plain text of some length"}"#
        )
        let text = try await read([path])[0].text
        #expect(text == "\"\\/\u{8}\u{c}\n\r\t é 😀 😀 é naïve 日本 plain text of some length")
    }

    @Test func numbersKeepTheirValue() async throws {
        let spellings = [
            "0", "-0", "1.5", "-2.5e-3", "1e22", "123456789012345678", "9223372036854775807",
            "9223372036854775808", "0.1", "3.141592653589793", "5e-324", "1.7976931348623157e308",
            "0.30000000000000004", "123456789.123456789", "1E+2", "2.2250738585072014e-308",
            "1234567890123456789012345", "0.000000000000000000000000000001",
        ]
        let path = try folder.write(
            "a.jsonl", "{\"text\":\"\",\"n\":[" + spellings.joined(separator: ",") + "]}")
        let value = try await read([path])[0].metadata["n"]
        guard case .array(let numbers)? = value else {
            Issue.record("no array")
            return
        }
        for (spelling, number) in zip(spellings, numbers) {
            if let integer = Int64(spelling) {
                #expect(number == .integer(integer), "\(spelling)")
            } else if let integer = LargeInteger(spelling) {
                #expect(number == .largeInteger(integer), "\(spelling)")
            } else {
                #expect(number == .number(Double(spelling)!), "\(spelling)")
            }
        }
    }

    @Test func vectorsAreTakenAsTheyAre() async throws {
        let path = try folder.write(
            "a.jsonl",
            """
            {"id":"a","vector":[1, -2.5, 3e-2]}
            {"id":"b","text":"t","vector":null}
            {"id":"c","text":null,"vector":[0.1]}
            """)
        let documents = try await read([path])
        #expect(documents.map(\.vector) == [[1, -2.5, 0.03], nil, [0.1]])
    }

    @Test func fieldsByOtherNames() async throws {
        let path = try folder.write(
            "a.jsonl", #"{"key":"k","_id":"other","body":"B","head":"H","text":"t"}"#)
        let document = try await read([path]) {
            $0.idField = "key"
            $0.textField = "body"
            $0.titleField = "head"
        }[0]
        #expect(document.id == "k" && document.text == "B" && document.title == "H")
        #expect(document.metadata == ["_id": "other", "text": "t"])
    }

    @Test(arguments: [
        (#"{"text": "a""#, "expected '}' or ','"),
        (#"{"text": "a"} x"#, "expected the end of the line"),
        (#"{"text": "a",}"#, "expected a key in double quotes"),
        (#"{text: "a"}"#, "expected a key in double quotes"),
        (#"[1]"#, "expected '{'"),
        (#"{"text": "a\x"}"#, "expected an escape"),
        (#"{"text": "a\u12g4"}"#, "four hexadecimal digits"),
        (#"{"text": "a"#, "expected the closing '\"'"),
        ("{\"text\": \"a\tb\"}", "an escape in place of a control character"),
        ("{\"text\": \"a\u{0}b\"}", "an escape in place of a control character"),
        (
            #"{"text": "a \u0000 b"}"#,
            "has the character \\u0000, which cannot be stored, at byte 13 of the line"
        ),
        (#"{"text": "a", "k": {"\u0000": 1}}"#, "which cannot be stored, at byte 22"),
        (
            #"{"text": "\ud83d x"}"#,
            "has half of a surrogate pair, which is not a character, at byte 11 of the line"
        ),
        (#"{"text": "a", "n": ["\ude00\ud83d"]}"#, "which is not a character, at byte 22"),
        (#"{"text": "a", "text": "b"}"#, "has the key 'text' twice, again at byte 15"),
        (#"{"text": "a", "year": 1, "year": 1}"#, "has the key 'year' twice"),
        (#"{"text": "a", "vector": [1], "vector": null}"#, "has the key 'vector' twice"),
        (#"{"text": "a", "vector": null, "vector": [1]}"#, "has the key 'vector' twice"),
        (#"{"text": "a", "metadata": {"k": 1, "k": 2}}"#, "has the key 'k' twice"),
        (#"{"text": "a", "n": 01}"#, "a number without a leading zero"),
        (#"{"text": "a", "n": .5}"#, "expected a value"),
        (#"{"text": "a", "n": 1.}"#, "expected a digit"),
        (#"{"text": "a", "n": NaN}"#, "expected a value"),
        (#"{"text": "a", "n": 1e999}"#, "a double's range"),
        (#"{"text": "a", "n": nul}"#, "expected a value"),
        (#"{"title": "a", "body": "b"}"#, "has no 'text'; it has 'body', 'title'"),
        (#"{"text": 5}"#, "'text' is a number, but must be a string"),
        (#"{"text": null}"#, "'text' is null"),
        (#"{"id": "", "text": "a"}"#, "'id' is an empty string"),
        (#"{"_id": 1.5, "text": "a"}"#, "'_id' is a number"),
        (#"{"text": "a", "title": []}"#, "'title' is an array"),
        (#"{"text": "a", "metadata": "m"}"#, "'metadata' is a string, but must be an object"),
        (
            #"{"text": "a", "vector": ["x"]}"#,
            "'vector' is an array, but must be an array of numbers"
        ),
        (#"{"text": "a", "vector": {}}"#, "'vector' is an object"),
        (#"{"text": "a", "vector": [1e300]}"#, "beyond their range"),
        (String(repeating: "[", count: 3000), "expected '{'"),
        (
            #"{"text": "a", "n": "# + String(repeating: "[", count: 3000),
            "nested more than 512 levels deep"
        ),
    ])
    func faultsNameTheLine(line: String, reason: String) async throws {
        let path = try folder.write("a.jsonl", "{\"text\": \"fine\"}\n" + line + "\n")
        let sentence = await failure(path)
        #expect(sentence.hasPrefix("a.jsonl:2: "), "\(sentence)")
        #expect(sentence.contains(reason), "\(sentence)")
    }

    @Test func bytesThatAreNotUTF8() async throws {
        let path = try folder.write(
            "a.jsonl",
            Array("{\"text\":\"a\"}\n{\"text\":\"".utf8) + [0xC3, 0x28] + Array("\"}".utf8))
        #expect(
            await failure(path)
                == "a.jsonl:2: is not UTF-8 at byte 10 of the line")
    }

    @Test func skippingCountsAndKeepsTheFirstFew() async throws {
        let bad = (1...8).map { "{\"id\":\($0)" }
        let path = try folder.write(
            "a.jsonl",
            (["{\"id\":\"first\",\"text\":\"\"}"] + bad + ["{\"id\":\"last\",\"text\":\"\"}"])
                .joined(separator: "\n"))
        var options = SourceOptions()
        options.skipsFailures = true
        let reader = try DocumentReader([path], options: options)
        var ids: [String] = []
        for try await document in reader { ids.append(document.id) }
        #expect(ids == ["first", "last"])
        #expect(reader.progress.failed == 8)
        #expect(reader.progress.failures.count == 8)
        #expect(reader.progress.failures.first?.error.description.contains("a.jsonl:2: ") == true)
        #expect(reader.progress.bytes == reader.progress.totalBytes)
    }

    @Test func anEnormousLineIsRefusedWithinBounds() async throws {
        let path = try folder.write(
            "a.jsonl",
            "{\"text\":\"" + String(repeating: "x", count: 50_000) + "\"}\n{\"text\":\"\"}")
        let sentence = await failure(path) { $0.recordLimit = 10_000 }
        #expect(sentence == "a.jsonl:1: is longer than 10000 bytes")
        let documents = try await read([path]) {
            $0.recordLimit = 10_000
            $0.skipsFailures = true
        }
        #expect(documents.count == 1)
    }
}
