import FileFormat
import JSON

/// Why a safetensors file is rejected: one case for each malformation, as facts.
package enum SafetensorsError: Error, Equatable, Sendable {
    case file(FileError)
    /// The file has fewer than the eight bytes of the header's length.
    case tooShort(path: String, bytes: Int)
    /// The header would be longer than `maximum` bytes.
    case headerTooLong(path: String, length: UInt64, maximum: Int)
    /// The header extends beyond the end of the file.
    case headerTruncated(path: String, length: UInt64, available: Int)
    case headerNotJSON(path: String, JSONError)
    /// The header, or an entry of it, does not have the form that the format defines.
    case headerForm(path: String, entry: String, expected: String)
    case unknownElementType(path: String, tensor: String, name: String)
    /// A dimension is negative, or their product in bytes overflows.
    case shapeOverflow(path: String, tensor: String, shape: [Int])
    /// The offsets do not enclose exactly the bytes that the shape needs.
    case wrongByteCount(path: String, tensor: String, expected: Int, found: Int)
    /// The offsets are negative, reversed, or beyond the end of the data.
    case offsetsOutside(path: String, tensor: String, begin: Int, end: Int, data: Int)
    /// Two tensors share bytes.
    case overlap(path: String, first: String, second: String)
    /// Bytes that belong to no tensor, before the tensor `before`, or at the end if it is nil.
    case hole(path: String, before: String?, bytes: Int)
    /// A requested tensor is not in the file.
    case noSuchTensor(path: String, tensor: String)
}

extension SafetensorsError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .file(let error): error.description
        case .tooShort(let path, let bytes):
            "\(path): \(bytes) bytes are too few for a safetensors file"
        case .headerTooLong(let path, let length, let maximum):
            "\(path): not a safetensors file: the header claims \(length) bytes, but the limit is "
                + "\(maximum)"
        case .headerTruncated(let path, let length, let available):
            "\(path): is truncated: the header claims \(length) bytes, but \(available) follow"
        case .headerNotJSON(let path, let error): "\(path): header: \(error)"
        case .headerForm(let path, let entry, let expected):
            "\(path): header entry \"\(entry)\": expected \(expected)"
        case .unknownElementType(let path, let tensor, let name):
            "\(path): tensor \"\(tensor)\" has the unsupported element type \(name)"
        case .shapeOverflow(let path, let tensor, let shape):
            "\(path): tensor \"\(tensor)\" has the impossible shape \(shape)"
        case .wrongByteCount(let path, let tensor, let expected, let found):
            "\(path): tensor \"\(tensor)\" needs \(expected) bytes but its offsets enclose \(found)"
        case .offsetsOutside(let path, let tensor, let begin, let end, let data):
            "\(path): tensor \"\(tensor)\" is at \(begin)..<\(end), outside the \(data) bytes "
                + "of data"
        case .overlap(let path, let first, let second):
            "\(path): tensors \"\(first)\" and \"\(second)\" share bytes"
        case .hole(let path, let before, let bytes):
            "\(path): \(bytes) bytes "
                + (before.map { "before tensor \"\($0)\"" } ?? "after the last tensor")
                + " belong to no tensor"
        case .noSuchTensor(let path, let tensor): "\(path): no tensor \"\(tensor)\""
        }
    }
}
