import FileFormat
import JSON

/// Why a safetensors file is refused: one case per malformation, facts only.
package enum SafetensorsError: Error, Equatable, Sendable {
    case file(FileError)
    /// Fewer bytes than the eight that hold the header's length.
    case tooShort(path: String, bytes: Int)
    /// The header would be longer than `maximum` bytes.
    case headerTooLong(path: String, length: UInt64, maximum: Int)
    /// The header runs past the end of the file.
    case headerTruncated(path: String, length: UInt64, available: Int)
    case headerNotJSON(path: String, JSONError)
    /// The header, or an entry of it, has another form than the format defines.
    case headerForm(path: String, entry: String, expected: String)
    case unknownElementType(path: String, tensor: String, name: String)
    /// A dimension is negative, or their product in bytes overflows.
    case shapeOverflow(path: String, tensor: String, shape: [Int])
    /// The offsets do not enclose as many bytes as the shape needs.
    case wrongByteCount(path: String, tensor: String, expected: Int, found: Int)
    /// The offsets are negative, reversed, or past the end of the data.
    case offsetsOutside(path: String, tensor: String, begin: Int, end: Int, data: Int)
    /// Two tensors share bytes.
    case overlap(path: String, first: String, second: String)
    /// Bytes that belong to no tensor, before `tensor` or (nil) at the end.
    case hole(path: String, before: String?, bytes: Int)
    /// Asked for, but not in the file.
    case noSuchTensor(path: String, tensor: String)
}

extension SafetensorsError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .file(let error): error.description
        case .tooShort(let path, let bytes):
            "\(path): \(bytes) bytes are too few for a safetensors file"
        case .headerTooLong(let path, let length, let maximum):
            "\(path): is not a safetensors file: the header claims \(length) bytes, and \(maximum) "
                + "are the limit"
        case .headerTruncated(let path, let length, let available):
            "\(path): is cut short: the header claims \(length) bytes, but \(available) follow"
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
            "\(path): tensor \"\(tensor)\" lies at \(begin)..<\(end), outside the \(data) bytes of data"
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
