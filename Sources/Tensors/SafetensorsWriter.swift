import FileFormat
import JSON
import TextBytes

/// Writes a safetensors file atomically, through `AtomicFile`.
///
/// Tensors are passed one by one, so that a large model is not in memory twice. Their shapes are
/// declared first, because the header precedes the data.
package struct SafetensorsWriter {
    package struct Declaration: Sendable, Equatable {
        package let name: String
        package let shape: [Int]
        package let elementType: ElementType

        package init(name: String, shape: [Int], elementType: ElementType) {
            (self.name, self.shape, self.elementType) = (name, shape, elementType)
        }

        package var byteCount: Int { shape.reduce(elementType.size, *) }
    }

    package enum WriteError: Error, Equatable, Sendable {
        case duplicateName(String)
        /// The closure wrote another number of bytes for `tensor` than its shape needs.
        case wrongByteCount(tensor: String, expected: Int, found: Int)
    }

    /// - Parameters:
    ///   - tensors: in the order in which they are written; names must be unique.
    ///   - metadata: strings for `__metadata__`; transformers requires `format: pt`.
    ///   - bytes: called once for each tensor, in order, with a function that takes the tensor's
    ///     next bytes (row-major, little-endian).
    /// - Throws: `FileError`, `WriteError`, and what `bytes` throws; the temporary file is removed.
    package static func write(
        to path: String, tensors: [Declaration], metadata: [String: String] = ["format": "pt"],
        fileSystem: any FileSystem = SystemFileSystem(),
        bytes: (Declaration, (UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) throws {
        let header = try header(of: tensors, metadata: metadata)
        let file = try AtomicFile(path: path, fileSystem: fileSystem)
        do {
            try file.write(withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) })
            try file.write(header)
            for tensor in tensors {
                var written = 0
                try bytes(tensor) { part in
                    written += part.count
                    try file.write(part)
                }
                guard written == tensor.byteCount else {
                    throw WriteError.wrongByteCount(
                        tensor: tensor.name, expected: tensor.byteCount, found: written)
                }
            }
            try file.commit()
        } catch {
            file.abandon()
            throw error
        }
    }

    /// The JSON, padded with spaces to a multiple of eight bytes so that the data are aligned.
    private static func header(
        of tensors: [Declaration], metadata: [String: String]
    ) throws(WriteError) -> [UInt8] {
        var names: Set<Identifier> = []
        var header = JSONWriter()
        if !metadata.isEmpty {
            header.set(
                "__metadata__", .object(JSONObject(metadata.mapValues { .string($0) })))
        }
        var offset = 0
        for tensor in tensors {
            guard tensor.name != "__metadata__", names.insert(Identifier(tensor.name)).inserted
            else {
                throw .duplicateName(tensor.name)
            }
            let end = offset + tensor.byteCount
            var entry = JSONWriter()
            entry.set("dtype", tensor.elementType.rawValue)
            entry.set("shape", .array(tensor.shape.map { JSONValue($0) }))
            entry.set("data_offsets", .array([JSONValue(offset), JSONValue(end)]))
            header.set(tensor.name, entry)
            offset = end
        }
        var bytes = header.bytes
        while bytes.count % 8 != 0 { bytes.append(UInt8(ascii: " ")) }
        return bytes
    }
}
