/// A block of memory for a tensor's values or gradients.
///
/// It belongs to the pool of the backend that made it and returns there when the last reference is
/// released. Only a backend, and code that moves values in or out, uses the pointer.
package final class Buffer {
    /// The number of elements, which are float32, or bfloat16 if `isHalf`.
    package let count: Int
    package let isHalf: Bool
    private let address: UnsafeMutableRawPointer
    private let recycle: () -> Void
    /// Releases the pages of a mapped file that hold the values; they are read again on the next
    /// access. Does nothing for allocated memory.
    package let releasePages: () -> Void

    /// `recycle` is called once, when this object is deinitialized; it may keep an owner alive.
    package init(
        address: UnsafeMutableRawPointer, count: Int, isHalf: Bool,
        releasePages: @escaping () -> Void = {}, recycle: @escaping () -> Void
    ) {
        self.address = address
        self.count = count
        self.isHalf = isHalf
        self.releasePages = releasePages
        self.recycle = recycle
    }

    deinit { recycle() }

    /// The float32 values.
    package var floats: UnsafeMutablePointer<Float> {
        assert(!isHalf)
        return address.assumingMemoryBound(to: Float.self)
    }

    /// The bfloat16 values as bit patterns.
    package var halves: UnsafeMutablePointer<UInt16> {
        assert(isHalf)
        return address.assumingMemoryBound(to: UInt16.self)
    }

    /// Some of the float32 values, in the same memory, which is kept as long as they are.
    package func elements(_ range: Range<Int>) -> Buffer {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        return Buffer(
            address: floats + range.lowerBound, count: range.count, isHalf: false,
            recycle: { _ = self })
    }

    /// A copy of the values in float32, for reading or saving results.
    package var array: [Float] {
        guard !isHalf else {
            return (0..<count).map { Float(bitPattern: UInt32(halves[$0]) << 16) }
        }
        return Array(UnsafeBufferPointer(start: floats, count: count))
    }
}
