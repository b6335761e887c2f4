import Foundation
import JSON
import TestSupport
import Testing

@Suite struct JSONValueTests {
    private func roundTrip(_ text: String) throws -> String {
        try JSONValue(parsing: text).jsonText
    }

    /// Python's json, Jackson and JavaScript's BigInt keep them; a double would not.
    @Test(arguments: [
        "9223372036854775807", "-9223372036854775808", "9223372036854775808",
        "-9223372036854775809", "18446744073709551615", "12345678901234567890",
        "123456789012345678901234567890", "-100000000000000000000000000000000000000000000000001",
    ])
    func integersKeepTheirDigits(_ text: String) throws {
        #expect(try roundTrip(text) == text)
        #expect(try roundTrip("[\(text),{\"a\":\(text)}]") == "[\(text),{\"a\":\(text)}]")
        let value = try JSONValue(parsing: text)
        #expect(value.doubleValue == Double(text))
        #expect(value.integerValue == Int(text))
    }

    @Test func largeIntegers() {
        for text in [
            "", "-", "5", "-0", "01", "+99999999999999999999", "099999999999999999999",
            "9223372036854775807", "-9223372036854775808", "9999999999999999999x",
            "--99999999999999999999", "１２３４５６７８９０１２３４５６７８９０",
        ] { #expect(LargeInteger(text) == nil, "\(text)") }
        let ascending = [
            "-100000000000000000000", "-99999999999999999999", "-9223372036854775809",
            "9223372036854775808", "10000000000000000000", "99999999999999999999",
            "100000000000000000000",
        ].compactMap { LargeInteger($0) }
        #expect(ascending.count == 7)
        for (place, one) in ascending.enumerated() {
            for (other, two) in ascending.enumerated() { #expect((one < two) == (place < other)) }
        }
        #expect(JSONValue(UInt64.max) == .largeInteger(LargeInteger("18446744073709551615")!))
        #expect(JSONValue(7 as UInt8) == 7)
    }

    /// The shortest form that reads back as the same double.
    @Test func doublesReadBackAsTheyWere() throws {
        var generator = RandomSource.forTest()
        for _ in 0..<2000 {
            let double = Double(bitPattern: .random(in: 0 ... .max, using: &generator))
            guard double.isFinite else { continue }
            let text = JSONValue.number(double).jsonText
            let back = try JSONValue(parsing: text).doubleValue
            #expect(back?.bitPattern == double.bitPattern, "\(text)")
            #expect(strtod(text, nil).bitPattern == double.bitPattern, "\(text)")
        }
        #expect(JSONValue.number(0.1).jsonText == "0.1")
        #expect(JSONValue.array([.number(.nan), .number(.infinity)]).jsonText == "[null,null]")
    }

    @Test func stringsAreEscapedAndReadBack() throws {
        let text = String(String.UnicodeScalarView((0..<0x250).compactMap(Unicode.Scalar.init)))
        let json = JSONValue.string("é\u{1F34F}" + text).jsonText
        let foundation = try JSONSerialization.jsonObject(
            with: Data(json.utf8), options: .fragmentsAllowed)
        #expect((foundation as? String)?.utf8.elementsEqual(("é\u{1F34F}" + text).utf8) == true)
        #expect(try JSONValue(parsing: json).stringValue == "é\u{1F34F}" + text)
    }

    @Test func equalityIsThatOfBytes() throws {
        let (composed, decomposed) = ("caf\u{E9}", "cafe\u{301}")
        #expect(composed == decomposed, "Swift's own comparison does not tell them apart")
        #expect(JSONValue.string(composed) != .string(decomposed))
        #expect(Set([JSONValue.string(composed), .string(decomposed)]).count == 2)
        var object: JSONObject = [composed: 1, decomposed: 2]
        #expect(object.count == 2 && object[composed] == 1 && object[decomposed] == 2)
        object[composed] = nil
        #expect(object == [decomposed: 2])
        let text = "{\"\(decomposed)\":2,\"\(composed)\":1}"
        let parsed = try JSONValue(parsing: text)
        #expect(parsed.objectValue?.map(\.value) == [2, 1])
        #expect(parsed.jsonText.utf8.elementsEqual(text.utf8))
    }

    @Test func aKeyGivenTwiceIsRefused() throws {
        #expect(throws: JSONError(reason: .repeatedKey("a"), offset: 12, expected: .distinctKeys)) {
            try JSONValue(parsing: #"[{"a": {}, "b":1, "a": 2}]"#.replacing(#""b":1, "#, with: " "))
        }
        // Escaped, it is the same key.
        #expect(throws: JSONError.self) { try JSONValue(parsing: #"{"a":1,"\u0061":2}"#) }
        let many = (0..<100).map { "\"k\($0)\":\($0)" }.joined(separator: ",")
        #expect(try JSONValue(parsing: "{\(many)}").objectValue?.count == 100)
        for key in [0, 11, 12, 13, 99] {
            #expect(throws: JSONError.self) { try JSONValue(parsing: "{\(many),\"k\(key)\":0}") }
        }
    }

    /// Compared with a plain list of members, for any number of them.
    @Test func objectsAreOrderedDictionaries() {
        var generator = RandomSource.forTest()
        var object = JSONObject()
        var expected: [(key: String, value: JSONValue)] = []
        for step in 0..<3000 {
            let key = "k\(Int.random(in: 0..<40, using: &generator))"
            let place = expected.firstIndex { $0.key == key }
            #expect(object[key] == place.map { expected[$0].value })
            if Bool.random(using: &generator) {
                let value = JSONValue(step)
                object[key] = value
                if let place {
                    expected[place].value = value
                } else {
                    expected.append((key, value))
                }
            } else {
                object[key] = nil
                if let place { expected.remove(at: place) }
            }
            #expect(object.keys == expected.map(\.key))
            #expect(object.values == expected.map(\.value))
        }
        let reversed = JSONObject(object.reversed().map { ($0.key, $0.value) })
        #expect(reversed == object && reversed.hashValue == object.hashValue)
    }

    @Test func textForms() throws {
        let value: JSONValue = [
            "b": [1, 2.5, .null], "a": ["x": "y", "e": [], "o": [:]], "c": true,
        ]
        #expect(value.jsonText == #"{"a":{"e":[],"o":{},"x":"y"},"b":[1,2.5,null],"c":true}"#)
        #expect(
            value.indentedText == """
                {
                  "b": [
                    1,
                    2.5,
                    null
                  ],
                  "a": {
                    "x": "y",
                    "e": [],
                    "o": {}
                  },
                  "c": true
                }
                """)
        #expect(try JSONValue(parsing: value.indentedText) == value)
    }

    @Test func writer() throws {
        var inner = JSONWriter()
        inner.set("k", nil as String?)
        var writer = JSONWriter()
        writer.set("a\"", "b\n")
        writer.set("n", 3)
        writer.set("o", inner)
        writer.set("l", [inner, JSONWriter()])
        writer.set("v", [0.1, -2, .nan])
        writer.set("m", [[1], []])
        writer.set("i", [7, -1] as [Int32])
        #expect(
            writer.text == #"{"a\"":"b\n","n":3,"o":{"k":null},"l":[{"k":null},{}],"#
                + #""v":[0.1,-2.0,null],"m":[[1.0],[]],"i":[7,-1]}"#)
    }

    @Test func depthIsBounded() {
        let deep = { String(repeating: "[", count: $0) + String(repeating: "]", count: $0) }
        #expect(throws: Never.self) { try JSONValue(parsing: deep(512)) }
        #expect(throws: JSONError.self) { try JSONValue(parsing: deep(513)) }
        #expect(throws: JSONError.self) {
            try JSONValue(parsing: String(repeating: "[", count: 100_000))
        }
    }
}
