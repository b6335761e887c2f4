import Foundation

/// Memory aligned to a cache line or, if it is large, to a large page; freed with its owner.
///
/// Random reads of a large array spend much time on address translation. Pages of 2 MiB, which the
/// system may grant, avoid most of it.
package final class AlignedMemory: @unchecked Sendable {
    package let base: UnsafeMutableRawPointer
    package let byteCount: Int

    private static let largePage = 2 << 20

    /// Zeroed memory.
    package convenience init(byteCount: Int) {
        self.init(uninitializedByteCount: byteCount)
        memset(base, 0, self.byteCount)
    }

    /// Memory for who writes all of it: zeroing a large array takes as long as filling it.
    package init(uninitializedByteCount byteCount: Int) {
        let large = byteCount >= 2 * Self.largePage
        let alignment = large ? Self.largePage : 64
        let rounded = max(64, (byteCount + alignment - 1) / alignment * alignment)
        var memory: UnsafeMutableRawPointer?
        guard posix_memalign(&memory, alignment, rounded) == 0, let memory else {
            preconditionFailure("out of memory: \(byteCount) bytes for an array")
        }
        #if os(Linux)
            if large { _ = madvise(memory, rounded, 14 /* MADV_HUGEPAGE */) }
        #endif
        base = memory
        self.byteCount = rounded
    }

    deinit { free(base) }
}
