/// A tensor's bytes where they lie (in a mapped file, in the program's own image), row-major and
/// little-endian, with what they mean.
package struct TensorView: @unchecked Sendable {
    package let name: String
    package let shape: [Int]
    package let elementType: ElementType
    /// Valid while this value, or a copy of it, lives. Not necessarily aligned.
    package let bytes: UnsafeRawBufferPointer
    /// Keeps the bytes alive; nil where they live for ever.
    package let owner: (any AnyObject & Sendable)?

    package init(
        name: String, shape: [Int], elementType: ElementType, bytes: UnsafeRawBufferPointer,
        owner: (any AnyObject & Sendable)?
    ) {
        (self.name, self.shape, self.elementType) = (name, shape, elementType)
        (self.bytes, self.owner) = (bytes, owner)
    }

    /// Number of elements.
    package var count: Int { bytes.count / elementType.size }

    /// All elements as float32.
    ///
    /// - Precondition: `elementType.isWeight`.
    package func floats() -> [Float] {
        [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
            copyFloats(0..<count, to: buffer)
            initialized = count
        }
    }

    /// Converts the elements of `range` to float32; `destination` holds at least as many.
    ///
    /// - Precondition: `elementType.isWeight`, and `range` lies within `0..<count`.
    package func copyFloats(_ range: Range<Int>, to destination: UnsafeMutableBufferPointer<Float>)
    {
        precondition(range.upperBound <= count && range.count <= destination.count)
        guard let source = bytes.baseAddress, !range.isEmpty else { return }
        let size = elementType.size
        switch elementType {
        case .float32:
            UnsafeMutableRawBufferPointer(destination).copyMemory(
                from: UnsafeRawBufferPointer(
                    start: source + range.lowerBound * size, count: range.count * size))
        case .bfloat16:
            for (index, element) in range.enumerated() {
                let bits = source.loadUnaligned(fromByteOffset: element * size, as: UInt16.self)
                destination[index] = BFloat16.float(bits)
            }
        case .float16:
            for (index, element) in range.enumerated() {
                let bits = source.loadUnaligned(fromByteOffset: element * size, as: UInt16.self)
                destination[index] = Float16Bits.float(bits)
            }
        default: preconditionFailure("\(elementType) is not a type of weights")
        }
    }
}
