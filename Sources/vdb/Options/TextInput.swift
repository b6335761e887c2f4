import FileFormat
import TextBytes
import VectorDatabase

/// Texts from arguments, or from the lines of standard input if the only argument is `-`.
///
/// Every line that ends in LF, including an empty one, is a text, as is a non-empty rest after the
/// last LF. Lines are returned in batches as they arrive, so that a program at the other end of a
/// pipe gets answers without closing it.
struct TextInput: AsyncSequence {
    private let arguments: [String]
    private let batchSize: Int

    init(_ arguments: [String], batchSize: Int = 256) {
        self.arguments = arguments
        self.batchSize = batchSize
    }

    func makeAsyncIterator() -> Iterator {
        let lines =
            arguments == ["-"]
            ? LineReader(
                DescriptorStream(descriptor: 0, name: "standard input"),
                keepsByteOrderMark: true) : nil
        return Iterator(lines: lines, arguments: arguments[...], batchSize: batchSize)
    }

    struct Iterator: AsyncIteratorProtocol {
        fileprivate let lines: LineReader?
        fileprivate var arguments: ArraySlice<String>
        fileprivate let batchSize: Int

        mutating func next() async throws -> [String]? {
            guard let lines else {
                let batch = Array(arguments.prefix(batchSize))
                arguments.removeFirst(batch.count)
                return batch.isEmpty ? nil : batch
            }
            var batch: [String] = []
            repeat {
                guard let text = try Self.text(lines) else { break }
                batch.append(text)
            } while batch.count < batchSize && lines.hasLineAtHand
            return batch.isEmpty ? nil : batch
        }

        private static func text(_ lines: LineReader) throws -> String? {
            do {
                return try lines.next(keepsEnd: true) { bytes in
                    var bytes = bytes[...]
                    if bytes.last == 10 { bytes.removeLast() }
                    let line = UnsafeBufferPointer(rebasing: bytes)
                    if let offset = UTF8Check.firstInvalidByte(in: line) {
                        throw SourceError.notUTF8(path: "-", line: lines.line, column: offset + 1)
                    }
                    return String(decoding: line, as: UTF8.self)
                }
            } catch let error as LineReader.LineTooLong {
                throw SourceError.recordTooLong(path: "-", line: error.line, limit: error.limit)
            }
        }
    }
}
