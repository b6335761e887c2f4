import FileFormat
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

    private func fault(of bytes: [UInt8]) -> JSONReader.Failure? {
        do {
            try read(bytes) { _ = try $0.skip() }
            return nil
        } catch { return error as? JSONReader.Failure }
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

    /// A string's end in every place of the eight bytes that are looked at at once, before and
    /// after a character that is not ASCII.
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
                    #expect(failure?.fault == (bad == 0xFF ? .notUTF8 : .string))
                    #expect(failure?.offset == (bad == 0xFF ? 0 : plain.utf8.count + 1))
                }
            }
        }
    }

    @Test(arguments: [
        ("", JSONReader.Failure.Fault.end, 0), ("[1,", .end, 3), ("\"a", .end, 2),
        ("[1,]", .byte, 3), ("{\"a\":1,}", .byte, 7), ("[1 2]", .byte, 3), ("nul", .byte, 0),
        ("1 x", .rest, 2), ("-", .number, 0), ("01", .number, 0), ("1e999", .number, 0),
        (#""\x""#, .string, 2), (#""\ud800""#, .string, 7), ("[[[[[1]]]]]", .nesting, 5),
    ])
    func faults(_ text: String, _ expected: JSONReader.Failure.Fault, _ offset: Int) {
        let failure = fault(of: Array(text.utf8))
        #expect(failure?.fault == expected)
        #expect(failure?.offset == offset)
    }

    @Test func rules() throws {
        let text = #""\ud83d\ude00 \udc00 \u0000""#
        #expect(throws: JSONReader.Failure.self) { try read(text) { try $0.string() } }
        #expect(try read(#""\u0000""#) { try $0.string() } == "\0")
        let replacing = JSONReader.Rules(maximumDepth: 4, replacesUnstorable: true)
        #expect(try read(text, replacing) { try $0.string() } == "😀 \u{FFFD} \u{FFFD}")
        let marked = "\u{FEFF}1"
        #expect(throws: JSONReader.Failure.self) { try read(marked) { try $0.number().integer } }
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

    /// What was passed over can be read later.
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
