import Foundation

/// What an `.npy` file (NumPy's NEP 1) says of its array: its header is a Python dictionary with `descr`,
/// `fortran_order` and `shape`.
///
/// Read are two-dimensional arrays in C order of little-endian float16, float32 or float64.
package struct NpyHeader: Sendable, Equatable {
    package enum Element: String, Sendable {
        case float16 = "<f2"
        case float32 = "<f4"
        case float64 = "<f8"

        /// In bytes.
        package var size: Int {
            switch self {
            case .float16: 2
            case .float32: 4
            case .float64: 8
            }
        }

        /// The number at an offset in bytes.
        package func float(_ raw: UnsafeRawBufferPointer, at offset: Int) -> Float {
            switch self {
            case .float16:
                Float16Bits.float(
                    UInt16(
                        littleEndian: raw.loadUnaligned(fromByteOffset: offset, as: UInt16.self)))
            case .float32:
                Float(
                    bitPattern: UInt32(
                        littleEndian: raw.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
            case .float64:
                Float(
                    Double(
                        bitPattern: UInt64(
                            littleEndian: raw.loadUnaligned(
                                fromByteOffset: offset, as: UInt64.self))))
            }
        }
    }

    package let element: Element
    package let rows: Int
    package let columns: Int

    /// The magic number and the version, at the file's beginning.
    package static let startCount = 8
    /// The longest header that is read, in bytes.
    package static let longest = 1_048_576

    /// The size of the header's length, which follows the start.
    ///
    /// - Throws: `notNumPy`
    package static func lengthSize(start: some Collection<UInt8>) throws(NpyError) -> Int {
        guard start.count == startCount, start.starts(with: [0x93] + Array("NUMPY".utf8)) else {
            throw .notNumPy
        }
        return start.dropFirst(6).first == 1 ? 2 : 4
    }

    /// - Parameter text: the dictionary.
    package init(_ text: String) throws(NpyError) {
        guard let type = Self.quotedValue(of: "descr", in: text) else { throw .noElementType }
        guard let element = Element(rawValue: type) else { throw .elementType(type) }
        guard !text.contains("'fortran_order': True") else { throw .fortranOrder }
        guard let shape = Self.shape(in: text) else { throw .noShape }
        guard shape.count == 2, (1...1_048_576).contains(shape[1]) else { throw .shape(shape) }
        (self.element, rows, columns) = (element, shape[0], shape[1])
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

/// Why an `.npy` file cannot be read.
package enum NpyError: Error, Sendable, Equatable {
    case notNumPy
    case unusableHeader
    case noElementType
    /// The element type, in NumPy's notation.
    case elementType(String)
    case fortranOrder
    case noShape
    case shape([Int])
    /// The file has another size than its header says; both in bytes.
    case size(found: Int, expected: Int)
}

extension NpyError: CustomStringConvertible {
    /// The fact as an English phrase without the file's name.
    package var description: String {
        switch self {
        case .notNumPy: "is not an .npy file"
        case .unusableHeader: "has a damaged header"
        case .noElementType: "does not say what its elements are"
        case .elementType(let type): "has elements of type '\(type)', expected <f2, <f4 or <f8"
        case .fortranOrder: "is in Fortran order"
        case .noShape: "does not say its shape"
        case .shape(let shape): "has shape \(shape), expected a row for each vector"
        case .size(let found, let expected): "has \(found) bytes, expected \(expected)"
        }
    }
}
