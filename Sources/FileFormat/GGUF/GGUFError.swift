/// Why a GGUF file is rejected: one case for each malformation, as facts.
package enum GGUFError: Error, Equatable, Sendable {
    case file(FileError)
    /// The first four bytes are not `GGUF`.
    case notGGUF(path: String)
    /// Written by a machine with the other byte order.
    case bigEndian(path: String)
    /// The version is neither 2 nor 3.
    case unsupportedVersion(path: String, version: UInt32)
    /// A count or length at `offset` needs more bytes than the file has.
    case truncated(path: String, offset: Int, field: String, needed: UInt64, available: Int)
    /// A key or a tensor's name that is empty, too long, or not printable ASCII.
    case badName(path: String, offset: Int)
    /// A type number that the format does not define.
    case unknownValueType(path: String, key: String, number: UInt32)
    /// A boolean that is neither 0 nor 1.
    case badBoolean(path: String, key: String, value: UInt8)
    /// Arrays are nested deeper than any writer produces.
    case nestedTooDeep(path: String, key: String)
    case duplicateKey(path: String, key: String)
    /// `general.alignment` is not a power of two up to ``GGUFFile/maximumAlignment``.
    case badAlignment(path: String, found: String)

    case duplicateTensor(path: String, tensor: String)
    case unknownElementType(path: String, tensor: String, number: UInt32)
    /// The number of dimensions is not 1 to 4, a dimension is 0, the tensor's size in bytes
    /// overflows, or rows are not whole blocks of the element type.
    case badShape(path: String, tensor: String, shape: [UInt64])
    /// The tensor's offset is not a multiple of the alignment, or the tensor extends beyond the
    /// data.
    case badOffset(path: String, tensor: String, offset: UInt64, bytes: Int, data: Int)
    /// Two tensors share bytes.
    case overlap(path: String, first: String, second: String)

    /// A required key is missing.
    case missingKey(path: String, key: String)
    case wrongType(path: String, key: String, expected: String)
    case outOfRange(path: String, key: String, found: String, allowed: String)

    /// The file is one of several parts, and its name does not tell the others'.
    case badSplitName(path: String, count: Int)
    /// A part has another number, or belongs to another number of parts, than its name says.
    case wrongPart(path: String, expected: String, found: String)
    /// The parts together have a different number of tensors than the first one declares.
    case wrongTensorCount(path: String, expected: Int, found: Int)
}

extension GGUFError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .file(let error): error.description
        case .notGGUF(let path): "\(path): not a GGUF file"
        case .bigEndian(let path):
            "\(path): a big-endian GGUF file"
        case .unsupportedVersion(let path, let version):
            "\(path): GGUF version \(version) is not supported, only 2 and 3"
        case .truncated(let path, let offset, let field, let needed, let available):
            "\(path): byte \(offset): \(field) needs \(needed) bytes but \(available) follow"
        case .badName(let path, let offset):
            "\(path): byte \(offset): a key or tensor name that is not printable ASCII"
        case .unknownValueType(let path, let key, let number):
            "\(path): metadata \"\(key)\" has the unknown value type \(number)"
        case .badBoolean(let path, let key, let value):
            "\(path): metadata \"\(key)\" is a boolean with the value \(value)"
        case .nestedTooDeep(let path, let key):
            "\(path): metadata \"\(key)\" nests arrays too deeply"
        case .duplicateKey(let path, let key): "\(path): metadata \"\(key)\" is duplicated"
        case .badAlignment(let path, let found):
            "\(path): metadata \"general.alignment\" is \(found), but must be a power of two"
        case .duplicateTensor(let path, let tensor): "\(path): tensor \"\(tensor)\" is duplicated"
        case .unknownElementType(let path, let tensor, let number):
            "\(path): tensor \"\(tensor)\" has the unknown element type \(number)"
        case .badShape(let path, let tensor, let shape):
            "\(path): tensor \"\(tensor)\" has the impossible shape \(shape)"
        case .badOffset(let path, let tensor, let offset, let bytes, let data):
            "\(path): tensor \"\(tensor)\" has \(bytes) bytes at \(offset), outside the \(data) bytes "
                + "of data or not aligned"
        case .overlap(let path, let first, let second):
            "\(path): tensors \"\(first)\" and \"\(second)\" share bytes"
        case .missingKey(let path, let key): "\(path): metadata \"\(key)\" is missing"
        case .wrongType(let path, let key, let expected):
            "\(path): metadata \"\(key)\" must be \(expected)"
        case .outOfRange(let path, let key, let found, let allowed):
            "\(path): metadata \"\(key)\" is \(found), but must be \(allowed)"
        case .badSplitName(let path, let count):
            "\(path): is one of \(count) parts, but its name does not end in -00001-of-"
                + "\(GGUFFileSet.padded(count)).gguf, so the others cannot be found"
        case .wrongPart(let path, let expected, let found):
            "\(path): should be \(expected), but its metadata says \(found)"
        case .wrongTensorCount(let path, let expected, let found):
            "\(path): the parts have \(found) tensors, but the first one declares \(expected)"
        }
    }
}
