import FileFormat
import Foundation
import TestSupport
import Testing

/// Bytes in memory that arrive in pieces of a given size.
private final class PieceStream: ByteStream {
    let name = "pieces"
    private(set) var position = 0
    private let bytes: [UInt8]
    private let piece: Int

    init(_ bytes: [UInt8], piece: Int) {
        self.bytes = bytes
        self.piece = piece
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let count = min(piece, buffer.count, bytes.count - position)
        buffer.copyBytes(from: bytes[position..<position + count])
        position += count
        return count
    }
}

private func lines(_ text: String, piece: Int = 3, keepsEnd: Bool = false) throws -> [String] {
    let reader = LineReader(PieceStream(Array(text.utf8), piece: piece))
    var lines: [String] = []
    while let line = try reader.next(keepsEnd: keepsEnd, { String(decoding: $0, as: UTF8.self) }) {
        lines.append(line)
    }
    #expect(reader.line == lines.count)
    return lines
}

@Suite struct LineReaderTests {
    @Test(arguments: [1, 2, 3, 1000]) func endsOfLines(piece: Int) throws {
        #expect(try lines("a\nbc\r\n\nd", piece: piece) == ["a", "bc", "", "d"])
        #expect(try lines("a\n", piece: piece) == ["a"])
        #expect(try lines("", piece: piece).isEmpty)
        #expect(try lines("\n\n", piece: piece) == ["", ""])
        #expect(try lines("a\rb\n", piece: piece) == ["a\rb"])
        #expect(try lines("a\r\nb", piece: piece, keepsEnd: true) == ["a\r\n", "b"])
    }

    @Test(arguments: [1, 2, 1000]) func byteOrderMarkIsLeftOut(piece: Int) throws {
        #expect(try lines("\u{FEFF}a\nb", piece: piece) == ["a", "b"])
        #expect(try lines("\u{FEFF}", piece: piece).isEmpty)
        #expect(try lines("a\n\u{FEFF}b", piece: piece) == ["a", "\u{FEFF}b"])
    }

    @Test func aLongLineIsRefusedAndPassedOver() throws {
        let text = "short\n" + String(repeating: "x", count: 5000) + "\nnext\n"
        let reader = LineReader(PieceStream(Array(text.utf8), piece: 100), limit: 1000)
        #expect(try reader.next { $0.count } == 5)
        let error = #expect(throws: LineReader.LineTooLong.self) {
            try reader.next { $0.count }
        }
        #expect(error?.line == 2 && error?.limit == 1000)
        #expect(try reader.next { String(decoding: $0, as: UTF8.self) } == "next")
        #expect(reader.line == 3)
        #expect(try reader.next { $0.count } == nil)
    }

    @Test func aLineAtTheLimitIsTaken() throws {
        let text = String(repeating: "x", count: 1000)
        for end in ["", "\n", "\r\n"] {
            let reader = LineReader(PieceStream(Array((text + end).utf8), piece: 64), limit: 1000)
            #expect(try reader.next { $0.count } == 1000)
        }
    }
}
