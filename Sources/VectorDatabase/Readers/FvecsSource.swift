import FileFormat

/// Reads `.fvecs`: each vector is a 32-bit dimension, then as many 32-bit floats, all
/// little-endian.
final class FvecsSource: VectorSource {
    private let stream: any ByteStream
    private let path: String
    private let size: Int
    private var dimensions: Int?
    private var row = 0

    /// - Parameter size: bytes of the uncompressed file; 0 if that is not known.
    init(_ stream: PeekableStream, path: String, size: Int) throws {
        self.stream = stream
        self.path = path
        self.size = size
        let start = Array(try stream.peek(4))
        if start.count == 4 { dimensions = Self.integer(start) }
    }

    var position: Int { stream.position }

    var rows: Int? {
        guard size > 0, let dimensions, dimensions > 0 else { return nil }
        let rowSize = 4 + 4 * dimensions
        return size % rowSize == 0 ? size / rowSize : nil
    }

    func next() throws -> [Float]? {
        let taker = ByteTaker(stream: stream)
        guard let head = try taker.take(4, path: path) else { return nil }
        row += 1
        let found = Self.integer(head)
        guard found == dimensions, (1...1_048_576).contains(found) else {
            throw SourceError.unusableVectors(
                path: path,
                fault: .dimension(vector: row, found: found, first: row > 1 ? dimensions : nil))
        }
        guard let bytes = try taker.take(4 * found, path: path) else {
            throw SourceError.unusableVectors(
                path: path, fault: .noNumbers(vector: row))
        }
        return bytes.withUnsafeBytes { raw in
            (0..<found).map {
                Float(
                    bitPattern: UInt32(
                        littleEndian: raw.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)))
            }
        }
    }

    private static func integer(_ bytes: [UInt8]) -> Int {
        Int(Int32(truncatingIfNeeded: bytes.reversed().reduce(0) { $0 << 8 | Int($1) }))
    }
}
