/// Writes a GGUF file of version 3 atomically, through `AtomicFile`; ``GGUFFile`` describes the layout.
///
/// Tensors are passed one by one, so that a large model is not in memory twice. Their shapes are
/// declared first, because the table precedes the data.
package struct GGUFWriter {
    package struct Declaration: Sendable, Equatable {
        package let name: String
        /// Row-major, the reverse of the file's order.
        package let shape: [Int]
        package let elementType: GGUFElementType

        package init(name: String, shape: [Int], elementType: GGUFElementType) {
            (self.name, self.shape, self.elementType) = (name, shape, elementType)
        }

        package var byteCount: Int {
            shape.reduce(1, *) / elementType.blockCount * elementType.blockSize
        }
    }

    package enum WriteError: Error, Equatable, Sendable {
        /// The closure wrote another number of bytes for `tensor` than its shape needs.
        case wrongByteCount(tensor: String, expected: Int, found: Int)
    }

    private static let alignment = 32
    private var values: [UInt8] = []
    private var valueCount: UInt64 = 0

    package init() {}

    // MARK: Metadata

    package mutating func set(_ key: String, _ value: String) {
        begin(key, .string)
        append(value.utf8)
    }

    package mutating func set(_ key: String, _ value: Int) {
        // llama.cpp reads counts as 32 bits without a sign.
        begin(key, .uint32)
        append(UInt32(clamping: value))
    }

    package mutating func set(_ key: String, _ value: Float) {
        begin(key, .float32)
        append(value.bitPattern)
    }

    package mutating func set(_ key: String, _ value: Bool) {
        begin(key, .bool)
        values.append(value ? 1 : 0)
    }

    /// - Parameter strings: UTF-8.
    package mutating func set(_ key: String, _ strings: [[UInt8]]) {
        begin(key, .array)
        append(GGUFValue.Kind.string.rawValue)
        append(UInt64(strings.count))
        for string in strings { append(string) }
    }

    package mutating func set(_ key: String, _ numbers: [Int32]) {
        begin(key, .array)
        append(GGUFValue.Kind.int32.rawValue)
        append(UInt64(numbers.count))
        for number in numbers { append(number) }
    }

    /// Takes a value over from another file, byte by byte.
    package mutating func copy(_ key: String, from metadata: GGUFMetadata) {
        guard let entry = metadata.entry(key) else { return }
        values += entry
        valueCount += 1
    }

    private mutating func begin(_ key: String, _ kind: GGUFValue.Kind) {
        append(key.utf8)
        append(kind.rawValue)
        valueCount += 1
    }

    private mutating func append(_ bytes: some Collection<UInt8>) {
        append(UInt64(bytes.count))
        values += bytes
    }

    private mutating func append(_ number: some FixedWidthInteger) {
        values += Self.bytes(number)
    }

    private static func bytes(_ number: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: number.littleEndian) { Array($0) }
    }

    // MARK: The file

    /// - Parameters:
    ///   - tensors: in the order in which they are written.
    ///   - bytes: called once for each tensor, in order, with a function that takes the tensor's
    ///     next bytes.
    /// - Throws: `FileError`, `WriteError`, and what `bytes` throws; the temporary file is removed.
    package func write(
        to path: String, tensors: [Declaration],
        bytes: (Declaration, (UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) throws {
        let file = try AtomicFile(path: path)
        do {
            try file.write(GGUFFile.magic + Self.bytes(3 as UInt32))
            try file.write(Self.bytes(UInt64(tensors.count)) + Self.bytes(valueCount))
            try file.write(values)
            var offset = 0
            for tensor in tensors {
                try file.write(Self.entry(tensor, offset: offset))
                offset += (tensor.byteCount + Self.alignment - 1) / Self.alignment * Self.alignment
            }
            for tensor in tensors {
                try file.pad(to: Self.alignment)
                let start = file.count
                try bytes(tensor) { try file.write($0) }
                guard file.count - start == tensor.byteCount else {
                    throw WriteError.wrongByteCount(
                        tensor: tensor.name, expected: tensor.byteCount, found: file.count - start)
                }
            }
            try file.pad(to: Self.alignment)
            try file.commit()
        } catch {
            file.abandon()
            throw error
        }
    }

    private static func entry(_ tensor: Declaration, offset: Int) -> [UInt8] {
        var entry = bytes(UInt64(tensor.name.utf8.count)) + Array(tensor.name.utf8)
        entry += bytes(UInt32(tensor.shape.count))
        for size in tensor.shape.reversed() { entry += bytes(UInt64(size)) }
        entry += bytes(tensor.elementType.rawValue) + bytes(UInt64(offset))
        return entry
    }
}
