import FileFormat
import Testing

struct TextEncodingTests {
    private func text(_ bytes: [UInt8], _ name: String) throws -> String {
        let encoding = try #require(TextEncoding(name))
        return try TranscodingStream.text(bytes, from: encoding, name: "x")
    }

    /// The bytes are those of Python's codecs.
    @Test(
        arguments: [
            ("ISO-8859-15", [0x63, 0xE9, 0xA4], "cé€"), ("SHIFT_JIS", [0x83, 0x65, 0x58], "テX"),
            ("UTF-16LE", [0x41, 0, 0x3D, 0xD8, 0, 0xDE], "A😀"),
            ("ISO-2022-JP", [0x1B, 0x24, 0x42, 0x25, 0x46, 0x1B, 0x28, 0x42], "テ"),
        ] as [(String, [UInt8], String)])
    func encodings(name: String, bytes: [UInt8], expected: String) throws {
        #expect(try text(bytes, name) == expected)
        // Over the boundary of a piece, too.
        let many = (0..<40_000).flatMap { _ in bytes }
        #expect(try text(many, name).utf8.count == 40_000 * expected.utf8.count)
    }

    @Test(
        arguments: [
            ("UTF-16LE", [0x41, 0, 0x42], 2), ("SHIFT_JIS", [0x41, 0x83], 1),
            ("UTF-8", [0x41, 0xFF, 0x42], 1),
            ("WINDOWS-1252", [0x41, 0x81], 1), ("UTF-16LE", [0x41, 0, 0, 0xDC, 0x41, 0], 2),
        ] as [(String, [UInt8], Int)])
    func invalidBytesAreNamed(name: String, bytes: [UInt8], offset: Int) {
        #expect(throws: ByteStreamError.undecodable(name: "x", encoding: name, offset: offset)) {
            try text(bytes, name)
        }
    }

    @Test func names() {
        #expect(TextEncoding("klingon") == nil && TextEncoding("") == nil)
        #expect(TextEncoding(byteOrderMark: [0xFF, 0xFE, 0x41, 0])?.name == "UTF-16")
        #expect(TextEncoding(byteOrderMark: [0xFF, 0xFE, 0, 0])?.name == "UTF-32")
        #expect(TextEncoding(byteOrderMark: [0xEF, 0xBB, 0xBF]) == nil)
    }
}
