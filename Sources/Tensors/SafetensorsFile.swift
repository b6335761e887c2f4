import FileFormat
import JSON
import TextBytes

/// A memory-mapped checkpoint file: names, shapes and element types are read; weights are not read
/// before they are used.
///
/// The file is
///
///     8 bytes    n, the header's length, little-endian
///     n bytes    JSON: { "name": { "dtype": "F32", "shape": [r, c], "data_offsets": [b, e] }, …,
///                        "__metadata__": { "key": "value" } }
///     the rest   the tensors' bytes, row-major, little-endian; offsets count from here
///
/// `init` guarantees that every tensor is inside the data, has exactly the bytes that its shape
/// needs and does not overlap another, and that together they cover the data without gaps. All
/// arithmetic on lengths from the file is checked for overflow.
package final class SafetensorsFile: Sendable {
    /// The path, or another name for the bytes in messages.
    package let path: String
    /// Names of all tensors, in the order of their data.
    package let names: [String]
    package let metadata: [String: String]
    private let tensors: [Identifier: TensorView]

    /// The format's own limit on the header.
    package static let maximumHeaderLength = 100_000_000

    /// A header is an object of objects of arrays, so deeper nesting is invalid.
    private static let headerRules = JSONReader.Rules(maximumDepth: 32)

    package convenience init(path: String) throws(SafetensorsError) {
        let file: MappedFile
        do { file = try MappedFile(modelFile: path) } catch { throw .file(error) }
        try self.init(bytes: file.bytes, owner: file, path: path)
    }

    /// - Parameters:
    ///   - bytes: valid while `owner` lives, or forever if it is nil.
    ///   - path: the name of the bytes in messages.
    package init(
        bytes: UnsafeRawBufferPointer, owner: (any AnyObject & Sendable)?, path: String
    ) throws(SafetensorsError) {
        self.path = path
        guard bytes.count >= 8 else { throw .tooShort(path: path, bytes: bytes.count) }
        let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
        guard length <= UInt64(Self.maximumHeaderLength) else {
            throw .headerTooLong(path: path, length: length, maximum: Self.maximumHeaderLength)
        }
        guard length <= UInt64(bytes.count - 8) else {
            throw .headerTruncated(path: path, length: length, available: bytes.count - 8)
        }
        let header = UnsafeRawBufferPointer(rebasing: bytes[8..<8 + Int(length)])
        let data = UnsafeRawBufferPointer(rebasing: bytes[(8 + Int(length))...])

        let json: JSONValue
        do { json = try JSONValue(parsing: header, rules: Self.headerRules) } catch {
            throw .headerNotJSON(path: path, error)
        }
        guard let entries = json.objectValue else {
            throw .headerForm(path: path, entry: "", expected: "an object")
        }

        var placed: [Placed] = []
        var metadata: [String: String] = [:]
        for (name, entry) in entries {
            if name == "__metadata__" {
                metadata = try Self.metadata(entry, path: path)
            } else {
                placed.append(try Placed(name: name, entry: entry, data: data.count, path: path))
            }
        }
        placed.sort { ($0.begin, $0.end) < ($1.begin, $1.end) }
        try Self.checkCoverage(placed, data: data.count, path: path)

        self.metadata = metadata
        names = placed.map(\.name)
        tensors = Dictionary(
            uniqueKeysWithValues: placed.map { entry in
                (
                    Identifier(entry.name),
                    TensorView(
                        name: entry.name, shape: entry.shape, elementType: entry.elementType,
                        bytes: UnsafeRawBufferPointer(rebasing: data[entry.begin..<entry.end]),
                        owner: owner)
                )
            })
    }

    package func contains(_ name: String) -> Bool { tensors[Identifier(name)] != nil }

    package func tensor(named name: String) throws(SafetensorsError) -> TensorView {
        guard let tensor = tensors[Identifier(name)] else {
            throw .noSuchTensor(path: path, tensor: name)
        }
        return tensor
    }

    private static func metadata(
        _ entry: JSONValue, path: String
    ) throws(SafetensorsError) -> [String: String] {
        guard let object = entry.objectValue else {
            throw .headerForm(path: path, entry: "__metadata__", expected: "an object of strings")
        }
        var metadata: [String: String] = [:]
        for (key, value) in object {
            guard let text = value.stringValue else {
                throw .headerForm(path: path, entry: "__metadata__", expected: "strings only")
            }
            metadata[key] = text
        }
        return metadata
    }

    /// - Parameter placed: entries sorted by offset.
    private static func checkCoverage(
        _ placed: [Placed], data: Int, path: String
    ) throws(SafetensorsError) {
        var end = 0
        var previous = ""
        for tensor in placed {
            if tensor.begin < end {
                throw .overlap(path: path, first: previous, second: tensor.name)
            }
            if tensor.begin > end {
                throw .hole(path: path, before: tensor.name, bytes: tensor.begin - end)
            }
            (end, previous) = (tensor.end, tensor.name)
        }
        if end < data { throw .hole(path: path, before: nil, bytes: data - end) }
    }
}

/// One entry of the header, checked by itself.
private struct Placed {
    let name: String
    let elementType: ElementType
    let shape: [Int]
    let begin: Int
    let end: Int

    init(
        name: String, entry: JSONValue, data: Int, path: String
    ) throws(SafetensorsError) {
        guard let object = entry.objectValue, let typeName = object["dtype"]?.stringValue,
            let shapeValues = object["shape"]?.arrayValue,
            let offsets = object["data_offsets"]?.arrayValue,
            object.count == 3, offsets.count == 2, let begin = offsets[0].integerValue,
            let end = offsets[1].integerValue
        else {
            throw .headerForm(
                path: path, entry: name,
                expected: "dtype, shape and data_offsets (two integers), and nothing else")
        }
        guard let elementType = ElementType(rawValue: typeName), !elementType.isQuantized else {
            throw .unknownElementType(path: path, tensor: name, name: typeName)
        }
        var shape: [Int] = []
        for value in shapeValues {
            guard let dimension = value.integerValue else {
                throw .headerForm(path: path, entry: name, expected: "a shape of integers")
            }
            shape.append(dimension)
        }
        var needed = elementType.size
        for dimension in shape {
            let (product, overflow) = needed.multipliedReportingOverflow(by: dimension)
            guard dimension >= 0, !overflow else {
                throw .shapeOverflow(path: path, tensor: name, shape: shape)
            }
            needed = product
        }
        guard begin >= 0, begin <= end, end <= data else {
            throw .offsetsOutside(path: path, tensor: name, begin: begin, end: end, data: data)
        }
        guard end - begin == needed else {
            throw .wrongByteCount(path: path, tensor: name, expected: needed, found: end - begin)
        }
        (self.name, self.elementType, self.shape) = (name, elementType, shape)
        (self.begin, self.end) = (begin, end)
    }
}
