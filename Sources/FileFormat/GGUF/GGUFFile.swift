/// A memory-mapped GGUF file: metadata and tensor table are read and checked; weights are not read
/// before they are used.
///
/// The layout, little-endian throughout (versions 2 and 3 differ only in that version 3 allows
/// big-endian files, which this reader rejects):
///
///     "GGUF", UInt32 version, UInt64 tensors, UInt64 values
///     values      string key, UInt32 type, value       (a string is a UInt64 length and its bytes)
///     tensors     string name, UInt32 dimensions, UInt64 sizes, UInt32 type, UInt64 offset
///     padding     to general.alignment, 32 by default
///     data        offsets count from here, and are aligned
///
/// `init` guarantees that keys and tensors are unique, and that every tensor is inside the data,
/// has exactly the bytes that its shape needs and does not overlap another. All arithmetic on
/// numbers from the file is checked, and what is allocated for it is bounded by the file's size.
package final class GGUFFile: Sendable {
    /// The path, or another name for the bytes in messages.
    package let path: String
    package let version: Int
    package let metadata: GGUFMetadata
    /// The tensors in the order of the table.
    package let tensors: [GGUFTensor]

    package static let magic: [UInt8] = Array("GGUF".utf8)
    static let maximumAlignment = 1 << 24
    /// The format's limit on a key's length.
    private static let maximumKey = 65_535

    package convenience init(path: String) throws(GGUFError) {
        let file: MappedFile
        do { file = try MappedFile(path: path) } catch { throw .file(error) }
        try self.init(bytes: file.bytes, owner: file, path: path)
    }

    /// - Parameters:
    ///   - bytes: valid while `owner` lives, or forever if it is nil.
    ///   - path: the name of the bytes in messages.
    package init(
        bytes: UnsafeRawBufferPointer, owner: (any AnyObject & Sendable)?, path: String
    ) throws(GGUFError) {
        self.path = path
        guard bytes.count >= 8, bytes.prefix(4).elementsEqual(Self.magic) else {
            throw .notGGUF(path: path)
        }
        var cursor = GGUFCursor(bytes: bytes, owner: owner, path: path)
        _ = try cursor.integer(UInt32.self, "the magic number")
        let version = try cursor.integer(UInt32.self, "the version")
        guard version == 2 || version == 3 else {
            if 1...3 ~= version.byteSwapped { throw .bigEndian(path: path) }
            throw .unsupportedVersion(path: path, version: version)
        }
        self.version = Int(version)
        let tensorCount = try cursor.count(
            minimum: GGUFTensorEntry.minimumSize, "the number of tensors")
        // A key of one byte, a type and a value of one byte.
        let valueCount = try cursor.count(minimum: 8 + 1 + 4 + 1, "the number of values")

        metadata = try Self.metadata(&cursor, count: valueCount)
        var entries: [GGUFTensorEntry] = []
        for _ in 0..<tensorCount { entries.append(try GGUFTensorEntry(&cursor)) }
        let alignment = try Self.alignment(metadata)
        let start = min(bytes.count, (cursor.offset + alignment - 1) / alignment * alignment)
        let data = UnsafeRawBufferPointer(rebasing: bytes[start...])
        try Self.check(entries, data: data.count, alignment: alignment, path: path)
        tensors = entries.map { entry in
            let from = Int(entry.offset)
            return GGUFTensor(
                name: entry.name, shape: entry.shape, elementType: entry.elementType,
                bytes: UnsafeRawBufferPointer(rebasing: data[from..<from + entry.byteCount]),
                owner: owner)
        }
    }

    private static func metadata(
        _ cursor: inout GGUFCursor, count: Int
    ) throws(GGUFError) -> GGUFMetadata {
        let start = cursor.offset
        var keys: [String] = []
        var values: [String: GGUFValue] = [:]
        var ranges: [String: Range<Int>] = [:]
        for _ in 0..<count {
            let begin = cursor.offset
            let key = try cursor.name(maximum: maximumKey)
            let value = try cursor.value(key: key)
            guard values.updateValue(value, forKey: key) == nil else {
                throw .duplicateKey(path: cursor.path, key: key)
            }
            keys.append(key)
            ranges[key] = begin - start..<cursor.offset - start
        }
        return GGUFMetadata(
            path: cursor.path, keys: keys, values: values, data: cursor.data(from: start),
            ranges: ranges)
    }

    private static func alignment(_ metadata: GGUFMetadata) throws(GGUFError) -> Int {
        guard let value = metadata["general.alignment"] else { return 32 }
        guard let alignment = value.integer, 1...maximumAlignment ~= alignment,
            alignment.nonzeroBitCount == 1
        else { throw .badAlignment(path: metadata.path, found: "\(value)") }
        return alignment
    }

    private static func check(
        _ entries: [GGUFTensorEntry], data: Int, alignment: Int, path: String
    ) throws(GGUFError) {
        var names: Set<String> = []
        for entry in entries {
            guard names.insert(entry.name).inserted else {
                throw .duplicateTensor(path: path, tensor: entry.name)
            }
            guard entry.offset % UInt64(alignment) == 0, entry.offset <= UInt64(data),
                entry.byteCount <= data - Int(entry.offset)
            else {
                throw .badOffset(
                    path: path, tensor: entry.name, offset: entry.offset, bytes: entry.byteCount,
                    data: data)
            }
        }
        let placed = entries.sorted { $0.offset < $1.offset }
        for (first, second) in zip(placed, placed.dropFirst())
        where Int(first.offset) + first.byteCount > Int(second.offset) {
            throw .overlap(path: path, first: first.name, second: second.name)
        }
    }
}
