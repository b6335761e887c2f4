import NIOCore
import TestSupport
import Testing

@testable import HTTPServer

@Suite struct LineSplitterTests {
    /// However a body is cut into pieces, its lines are those of the whole.
    @Test func piecesDoNotMatter() {
        var generator = RandomSource.forTest()
        for _ in 0..<200 {
            let body = (0..<Int.random(in: 0...60, using: &generator)).map { _ in
                [10, 97, 98, 99, 13].randomElement(using: &generator) ?? UInt8(10)
            }
            var expected = body.split(separator: 10, omittingEmptySubsequences: false)
                .map { $0.count > 8 ? nil : Array($0) }
            // Nothing follows the last line feed.
            if body.last == 10 || body.isEmpty { expected.removeLast() }
            var splitter = LineSplitter(limit: 8)
            var found: [LineSplitter.Line] = []
            var rest = body[...]
            while !rest.isEmpty {
                let count = Int.random(in: 1...rest.count, using: &generator)
                found += splitter.split(ByteBuffer(bytes: rest.prefix(count)))
                rest = rest.dropFirst(count)
            }
            if let last = splitter.end() { found.append(last) }
            #expect(found.count == expected.count, "\(body)")
            for (index, (line, wanted)) in zip(found, expected).enumerated() {
                switch line {
                case .bytes(let bytes, let number):
                    #expect(bytes == wanted && number == index + 1, "\(body)")
                case .tooLong(let number):
                    #expect(wanted == nil && number == index + 1, "\(body)")
                }
            }
        }
    }
}
