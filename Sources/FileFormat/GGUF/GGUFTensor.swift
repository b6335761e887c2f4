/// An entry of a GGUF file's tensor table, with its bytes.
package struct GGUFTensor: @unchecked Sendable {
    package let name: String
    /// The shape in row-major order, as everywhere in this project: the reverse of the file's
    /// order.
    package let shape: [Int]
    package let elementType: GGUFElementType
    /// The bytes in the file; valid while `owner` lives.
    package let bytes: UnsafeRawBufferPointer
    /// Keeps the bytes alive; nil if they are valid forever.
    package let owner: (any AnyObject & Sendable)?
}

/// An entry whose position in the file has not been checked yet.
struct GGUFTensorEntry {
    let name: String
    let shape: [Int]
    let elementType: GGUFElementType
    let offset: UInt64
    let byteCount: Int

    /// The format's limit on dimensions.
    private static let maximumDimensions = 4
    /// One more than ggml's own buffers hold, as the format's description says.
    private static let maximumName = 64
    /// Bytes of an entry with a name of one byte and one dimension.
    static let minimumSize = 8 + 1 + 4 + 8 + 4 + 8

    init(_ cursor: inout GGUFCursor) throws(GGUFError) {
        let path = cursor.path
        let name = try cursor.name(maximum: Self.maximumName)
        let field = "tensor \"\(name)\""
        let dimensions = try cursor.integer(UInt32.self, field)
        guard 1...Self.maximumDimensions ~= Int(dimensions) else {
            throw .badShape(path: path, tensor: name, shape: [])
        }
        var sizes: [UInt64] = []
        for _ in 0..<dimensions { sizes.append(try cursor.integer(UInt64.self, field)) }
        let number = try cursor.integer(UInt32.self, field)
        guard let type = GGUFElementType(rawValue: number) else {
            throw .unknownElementType(path: path, tensor: name, number: number)
        }
        guard let bytes = Self.byteCount(sizes, type) else {
            throw .badShape(path: path, tensor: name, shape: sizes)
        }
        (self.name, elementType, byteCount) = (name, type, bytes)
        shape = sizes.reversed().map { Int($0) }
        offset = try cursor.integer(UInt64.self, field)
    }

    /// Nil if a dimension is 0, rows are not whole blocks, or a product overflows.
    private static func byteCount(_ sizes: [UInt64], _ type: GGUFElementType) -> Int? {
        guard sizes.allSatisfy({ $0 > 0 }), sizes[0] % UInt64(type.blockCount) == 0 else {
            return nil
        }
        var numbers: UInt64 = 1
        for size in sizes {
            let (product, overflow) = numbers.multipliedReportingOverflow(by: size)
            guard !overflow, product <= UInt64(Int.max) else { return nil }
            numbers = product
        }
        let (bytes, overflow) = (Int(numbers) / type.blockCount)
            .multipliedReportingOverflow(by: type.blockSize)
        return overflow ? nil : bytes
    }
}
