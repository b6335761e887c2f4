import FileFormat
import VectorMath

/// A view of a tensor's bytes in a mapped file or in the program's image, row-major and
/// little-endian, with shape and element type.
package struct TensorView: @unchecked Sendable {
    package let name: String
    package let shape: [Int]
    package let elementType: ElementType
    /// Valid while this value, or a copy of it, lives. Not necessarily aligned.
    package let bytes: UnsafeRawBufferPointer
    /// Keeps the bytes alive; nil if they are valid forever.
    package let owner: (any AnyObject & Sendable)?

    package init(
        name: String, shape: [Int], elementType: ElementType, bytes: UnsafeRawBufferPointer,
        owner: (any AnyObject & Sendable)?
    ) {
        (self.name, self.shape, self.elementType) = (name, shape, elementType)
        (self.bytes, self.owner) = (bytes, owner)
    }

    /// Number of elements.
    package var count: Int { bytes.count / elementType.size * elementType.elementsPerBlock }

    /// The first rows of a matrix, without copying.
    ///
    /// If it has no more rows, it is returned unchanged.
    package func prefix(rows: Int) -> TensorView {
        guard rows < shape[0] else { return self }
        let part = [rows] + shape.dropFirst()
        let size = elementType.byteCount(of: part.reduce(1, *))
        return TensorView(
            name: name, shape: part, elementType: elementType,
            bytes: UnsafeRawBufferPointer(rebasing: bytes[..<(bytes.startIndex + size)]),
            owner: owner)
    }

    /// Releases the pages of bytes in a mapped file; they are read again on the next access.
    package func releasePages() { (owner as? MappedFile)?.releasePages(bytes) }

    /// All elements as float32.
    ///
    /// - Precondition: `elementType.isWeight`.
    package func floats() -> [Float] {
        [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
            copyFloats(0..<count, to: buffer)
            initialized = count
        }
    }

    /// A copy of the tensor in float32, in newly allocated memory.
    ///
    /// - Precondition: `elementType.isWeight`.
    package func dequantized() -> TensorView {
        let memory = AlignedMemory(uninitializedByteCount: count * ElementType.float32.size)
        copyFloats(
            0..<count,
            to: UnsafeMutableBufferPointer(
                start: memory.base.bindMemory(to: Float.self, capacity: count), count: count))
        return TensorView(
            name: name, shape: shape, elementType: .float32,
            bytes: UnsafeRawBufferPointer(start: memory.base, count: count * 4), owner: memory)
    }

    /// Converts the elements of `range` to float32; `destination` must have room for them.
    ///
    /// - Precondition: `elementType.isWeight`, and `range` is inside `0..<count` and, for a
    ///   quantized type, consists of whole blocks.
    package func copyFloats(_ range: Range<Int>, to destination: UnsafeMutableBufferPointer<Float>)
    {
        precondition(range.upperBound <= count && range.count <= destination.count)
        guard let source = bytes.baseAddress, let target = destination.baseAddress else { return }
        guard let encoding = elementType.blockType else {
            preconditionFailure("\(elementType) is not a type of weights")
        }
        TransformerRows.widen(
            source + elementType.byteCount(of: range.lowerBound), encoding, count: range.count,
            into: target)
    }
}
