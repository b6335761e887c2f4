import Foundation

/// Memory for buffers, kept for the next step instead of going back to the system.
///
/// A training step asks for much the same sizes again and again, and fresh pages cost more than
/// most operations on them. Sizes are rounded up to one of eight classes a power of two, so that
/// batches of slightly different length share blocks. `trim` gives back what a step did not use.
package final class BufferPool {
    private var free: [Int: [(address: UnsafeMutableRawPointer, lastUse: Int)]] = [:]
    private var step = 0
    /// Bytes handed out now, and the most ever.
    package private(set) var bytesInUse = 0
    package private(set) var peakBytes = 0

    package init() {}

    deinit { for blocks in free.values { blocks.forEach { Foundation.free($0.address) } } }

    package func buffer(count: Int, isHalf: Bool) -> Buffer {
        let bytes = Self.sizeClass(max(1, count) * (isHalf ? 2 : 4))
        let address: UnsafeMutableRawPointer
        if let block = free[bytes]?.popLast() {
            address = block.address
        } else {
            var made: UnsafeMutableRawPointer?
            // Nothing sensible remains to be done without memory: the system would have killed us.
            guard posix_memalign(&made, 64, bytes) == 0, let made else {
                preconditionFailure("out of memory: \(bytes) bytes")
            }
            address = made
        }
        bytesInUse += bytes
        peakBytes = max(peakBytes, bytesInUse)
        return Buffer(address: address, count: count, isHalf: isHalf) { [weak self] in
            guard let self else {
                Foundation.free(address)
                return
            }
            bytesInUse -= bytes
            free[bytes, default: []].append((address, step))
        }
    }

    /// Called between steps: blocks that lay idle during the whole last step go back to the system.
    package func trim() {
        for (size, blocks) in free {
            for block in blocks where block.lastUse < step { Foundation.free(block.address) }
            free[size] = blocks.filter { $0.lastUse >= step }
        }
        step += 1
    }

    private static func sizeClass(_ bytes: Int) -> Int {
        guard bytes > 512 else { return 512 }
        let unit = max(64, (1 << (Int.bitWidth - 1 - bytes.leadingZeroBitCount)) / 8)
        return (bytes + unit - 1) / unit * unit
    }
}
