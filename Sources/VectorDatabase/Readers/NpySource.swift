import FileFormat
import Foundation

/// Reads `.npy` (NumPy's NEP 1): a magic number, a version, the length of a header, the header as a
/// Python dictionary (`descr`, `fortran_order`, `shape`), then the rows.
///
/// Supports two-dimensional arrays in C order of little-endian float16, float32 or float64.
final class NpySource: VectorSource {
    private enum Element {
        case float16, float32, float64

        var size: Int {
            switch self {
            case .float16: 2
            case .float32: 4
            case .float64: 8
            }
        }
    }

    private let stream: any ByteStream
    private let path: String
    private let element: Element
    private let columns: Int
    private let count: Int
    private var row = 0

    init(_ stream: any ByteStream, path: String) throws {
        self.stream = stream
        self.path = path
        let header = try Self.readHeader(ByteTaker(stream: stream), path: path)
        func fail(_ fault: SourceError.VectorFileFault) -> SourceError {
            .unusableVectors(path: path, fault: fault)
        }
        guard let type = Self.quotedValue(of: "descr", in: header) else {
            throw fail(.noElementType)
        }
        switch type {
        case "<f2": element = .float16
        case "<f4": element = .float32
        case "<f8": element = .float64
        default:
            throw fail(.elementType(type))
        }
        if header.contains("'fortran_order': True") {
            throw fail(.fortranOrder)
        }
        let shape = try Self.shape(in: header) ?? { throw fail(.noShape) }()
        guard shape.count == 2, (1...1_048_576).contains(shape[1]) else {
            throw fail(.shape(shape))
        }
        (count, columns) = (shape[0], shape[1])
    }

    var rows: Int? { count }
    var position: Int { stream.position }

    func next() throws -> [Float]? {
        let taker = ByteTaker(stream: stream)
        if row == count {
            if try taker.take(1, path: path) != nil {
                throw SourceError.unusableVectors(
                    path: path, fault: .bytesAfterRows(count))
            }
            return nil
        }
        guard let bytes = try taker.take(columns * element.size, path: path) else {
            throw SourceError.unusableVectors(
                path: path, fault: .rowsMissing(found: row, expected: count))
        }
        row += 1
        return bytes.withUnsafeBytes { raw in (0..<columns).map { float(raw, at: $0) } }
    }

    private func float(_ raw: UnsafeRawBufferPointer, at index: Int) -> Float {
        let offset = index * element.size
        switch element {
        case .float16:
            return Self.float(
                half: UInt16(
                    littleEndian: raw.loadUnaligned(fromByteOffset: offset, as: UInt16.self)))
        case .float32:
            return Float(
                bitPattern: UInt32(
                    littleEndian: raw.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
        case .float64:
            return Float(
                Double(
                    bitPattern: UInt64(
                        littleEndian: raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self))))
        }
    }

    /// Converts IEEE 754 binary16 bit by bit, since not every platform has the type Float16.
    static func float(half: UInt16) -> Float {
        let sign = UInt32(half & 0x8000) << 16
        let exponent = UInt32(half >> 10) & 0x1F
        let fraction = UInt32(half & 0x3FF)
        switch exponent {
        case 0:
            let magnitude = Float(fraction) * 0x1p-24
            return sign == 0 ? magnitude : -magnitude
        case 31: return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
        default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
        }
    }

    private static func readHeader(_ taker: ByteTaker, path: String) throws -> String {
        guard let start = try taker.take(8, path: path),
            start.starts(with: [0x93] + Array("NUMPY".utf8))
        else { throw SourceError.unusableVectors(path: path, fault: .notNumPy) }
        let lengthSize = start[6] == 1 ? 2 : 4
        let length = try taker.take(lengthSize, path: path)?.reversed().reduce(0) {
            $0 << 8 | Int($1)
        }
        guard let length, (1...1_048_576).contains(length),
            let header = try taker.take(length, path: path)
        else { throw SourceError.unusableVectors(path: path, fault: .unusableHeader) }
        return String(decoding: header, as: UTF8.self)
    }

    private static func quotedValue(of key: String, in header: String) -> String? {
        guard let start = header.range(of: "'\(key)': '")?.upperBound,
            let end = header[start...].firstIndex(of: "'")
        else { return nil }
        return String(header[start..<end])
    }

    private static func shape(in header: String) -> [Int]? {
        guard let start = header.range(of: "'shape': (")?.upperBound,
            let end = header[start...].firstIndex(of: ")")
        else { return nil }
        let numbers = header[start..<end].split(separator: ",").map {
            Int($0.trimmingCharacters(in: .whitespaces))
        }
        return numbers.contains(nil) ? nil : numbers.compactMap { $0 }.filter { $0 >= 0 }
    }
}
