import FileFormat

/// Reads `.npy` (NumPy's NEP 1): a magic number, a version, the length of a header, the header as a
/// Python dictionary, then the rows. `NpyHeader` says which arrays are supported.
final class NpySource: VectorSource {
    private let stream: any ByteStream
    private let path: String
    private let header: NpyHeader
    private var row = 0

    init(_ stream: any ByteStream, path: String) throws {
        self.stream = stream
        self.path = path
        let text = try Self.readHeader(ByteTaker(stream: stream), path: path)
        do { header = try NpyHeader(text) } catch {
            throw SourceError.unusableVectors(path: path, fault: error.fault)
        }
    }

    var rows: Int? { header.rows }
    var position: Int { stream.position }

    func next() throws -> [Float]? {
        let taker = ByteTaker(stream: stream)
        if row == header.rows {
            if try taker.take(1, path: path) != nil {
                throw SourceError.unusableVectors(
                    path: path, fault: .bytesAfterRows(header.rows))
            }
            return nil
        }
        let size = header.element.size
        guard let bytes = try taker.take(header.columns * size, path: path) else {
            throw SourceError.unusableVectors(
                path: path, fault: .rowsMissing(found: row, expected: header.rows))
        }
        row += 1
        return bytes.withUnsafeBytes { raw in
            (0..<header.columns).map { header.element.float(raw, at: $0 * size) }
        }
    }

    private static func readHeader(_ taker: ByteTaker, path: String) throws -> String {
        func fail(_ error: NpyError) -> SourceError {
            .unusableVectors(path: path, fault: error.fault)
        }
        let start = try taker.take(NpyHeader.startCount, path: path) ?? []
        let lengthSize: Int
        do { lengthSize = try NpyHeader.lengthSize(start: start) } catch { throw fail(error) }
        let length = try taker.take(lengthSize, path: path)?.reversed().reduce(0) {
            $0 << 8 | Int($1)
        }
        guard let length, 1...NpyHeader.longest ~= length,
            let header = try taker.take(length, path: path)
        else { throw fail(.unusableHeader) }
        return String(decoding: header, as: UTF8.self)
    }
}

extension NpyError {
    fileprivate var fault: SourceError.VectorFileFault {
        switch self {
        case .notNumPy: .notNumPy
        case .unusableHeader: .unusableHeader
        case .noElementType: .noElementType
        case .elementType(let type): .elementType(type)
        case .fortranOrder: .fortranOrder
        case .noShape: .noShape
        case .shape(let shape): .shape(shape)
        case .size(let found, let expected): .cutShort(found: found, expected: expected)
        }
    }
}
