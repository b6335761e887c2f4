/// A block of memory that a tensor's values or gradients live in.
///
/// It belongs to the pool of the back end that made it and goes back there when the last reference
/// to it goes. Only a back end, and code that moves values in or out, touches the pointer.
package final class Buffer {
    /// Elements: float32, or bfloat16 where `isHalf`.
    package let count: Int
    package let isHalf: Bool
    private let address: UnsafeMutableRawPointer
    private let recycle: () -> Void
    /// Gives back the pages of a mapped file that hold the values; they are read again when somebody
    /// touches them. Does nothing for memory of our own.
    package let releasePages: () -> Void

    /// `recycle` is called once, at the end of this object's life; it may keep an owner alive.
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

    /// The bfloat16 values, as their bits.
    package var halves: UnsafeMutablePointer<UInt16> {
        assert(isHalf)
        return address.assumingMemoryBound(to: UInt16.self)
    }

    /// A copy of the values, for whoever reads results or saves them.
    package var array: [Float] {
        guard !isHalf else {
            return (0..<count).map { Float(bitPattern: UInt32(halves[$0]) << 16) }
        }
        return Array(UnsafeBufferPointer(start: floats, count: count))
    }
}
