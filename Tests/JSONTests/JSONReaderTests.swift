import JSON
import Testing

@Suite struct JSONReaderTests {
    private func read<Value>(
        _ text: String, _ rules: JSONReader.Rules = .init(maximumDepth: 4),
        _ body: (inout JSONReader) throws -> Value
    ) throws -> Value {
        try read(Array(text.utf8), rules, body)
    }

    private func read<Value>(
        _ bytes: [UInt8], _ rules: JSONReader.Rules = .init(maximumDepth: 4),
        _ body: (inout JSONReader) throws -> Value
    ) throws -> Value {
        try bytes.withUnsafeBytes { bytes in
            var reader = JSONReader(bytes, rules: rules)
            let value = try body(&reader)
            try reader.end()
            return value
        }
    }

    private func fault(of bytes: [UInt8]) -> JSONError? {
        do {
            try read(bytes) { _ = try $0.skip() }
            return nil
        } catch { return error as? JSONError }
    }

    @Test func walk() throws {
        let text = #" {"a" : [1, -2.5e1], "b": {"c": null}, "d": true, "é\n": "x"} "#
        try read(text) { reader in
            try reader.enterObject()
            #expect(try reader.nextKey() == "a")
            #expect(try reader.floats() == [1, -25])
            #expect(try reader.nextKey() == "b")
            #expect(try reader.skip() == 26..<37)
            #expect(try reader.nextKey() == "d")
            #expect(try reader.bool())
            #expect(try reader.nextKey() == "é\n")
            #expect(try reader.string() == "x")
            #expect(try reader.nextKey() == nil)
        }
    }

    /// A string's end at every position of the eight bytes that are scanned at once, before and
    /// after a non-ASCII character.
    @Test func stringsOfAllLengths() throws {
        for length in 0..<40 {
            for plain in [
                String(repeating: "a", count: length), String(repeating: "é", count: length),
            ] {
                #expect(try read("\"\(plain)\"") { try $0.string() } == plain)
                #expect(
                    try read("\"\(plain)\\t\(plain)\"") { try $0.string() } == plain + "\t" + plain)
                for bad: UInt8 in [0x00, 0x1F, 0xFF] {
                    let bytes = Array("\"\(plain)".utf8) + [bad] + Array("aaaaaaaaa\"".utf8)
                    let failure = fault(of: bytes)
                    #expect(failure?.reason == (bad == 0xFF ? .notUTF8 : .invalidString))
                    #expect(failure?.offset == (bad == 0xFF ? 0 : plain.utf8.count + 1))
                }
            }
        }
    }

    @Test(arguments: [
        ("", JSONError.Reason.unexpectedEnd, 0, JSONError.Expectation.value),
        ("[1,", .unexpectedEnd, 3, .value), ("\"a", .unexpectedEnd, 2, .closingQuote),
        ("[1,]", .unexpectedByte(93), 3, .value), ("{\"a\":1,}", .unexpectedByte(125), 7, .key),
        ("[1 2]", .unexpectedByte(50), 3, .commaOrBracket),
        ("nul", .unexpectedByte(110), 0, .value),
        ("1 x", .trailingBytes, 2, .end), ("-", .invalidNumber, 0, .value),
        ("01", .invalidNumber, 0, .numberWithoutLeadingZero),
        ("1e999", .invalidNumber, 0, .numberInRange), (#""\x""#, .invalidString, 2, .escape),
        (#""a\ud800b""#, .loneSurrogate, 2, .otherSurrogate),
        (#""\udc00""#, .loneSurrogate, 1, .otherSurrogate),
        (#""\ud800\u0041""#, .loneSurrogate, 1, .otherSurrogate),
        ("[[[[[1]]]]]", .tooDeep(maximum: 4), 4, .nesting),
    ])
    func faults(
        _ text: String, _ reason: JSONError.Reason, _ offset: Int,
        _ expected: JSONError.Expectation
    ) {
        #expect(
            fault(of: Array(text.utf8))
                == JSONError(reason: reason, offset: offset, expected: expected))
    }

    @Test func rules() throws {
        let text = #""\ud83d\ude00 \u0000""#
        #expect(try read(text) { try $0.string() } == "😀 \0")
        let refusing = JSONReader.Rules(maximumDepth: 4, refusesNull: true)
        #expect(
            throws: JSONError(reason: .nullCharacter, offset: 14, expected: .characterBesidesNull)
        ) { try read(text, refusing) { try $0.string() } }
        let marked = "\u{FEFF}1"
        #expect(throws: JSONError.self) { try read(marked) { try $0.number().integer } }
        let marks = JSONReader.Rules(maximumDepth: 4, allowsByteOrderMark: true)
        #expect(try read(marked, marks) { try $0.number().integer } == 1)
    }

    @Test func numbersAreExact() throws {
        for text in ["9007199254740993", "-9223372036854775808", "0", "-0"] {
            #expect(try read(text) { try $0.number().integer } == Int64(text))
        }
        for text in ["1.0", "9223372036854775808", "1e00000000000000000000000001"] {
            let number = try read(text) { try $0.number() }
            #expect(number.integer == nil && number.double == Double(text))
        }
    }

    /// A skipped value can be read later.
    @Test func movingBack() throws {
        try read(#"[["é", 1], 2]"#) { reader in
            try reader.enterArray()
            #expect(try reader.nextElement())
            let place = try reader.skip()
            let here = reader.position
            reader.move(to: place.lowerBound)
            try reader.enterArray()
            #expect(try reader.nextElement())
            #expect(try reader.string() == "é")
            reader.move(to: place.lowerBound)
            _ = try reader.skip()
            #expect(reader.position == here)
            #expect(try reader.nextElement())
            #expect(try reader.number().integer == 2)
            #expect(try !reader.nextElement())
        }
    }
}
