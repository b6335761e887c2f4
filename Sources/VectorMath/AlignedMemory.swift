import Foundation

/// Zeroed memory, aligned to a cache line or, if it is large, to a large page; freed with its
/// owner.
///
/// Random reads of a large array spend much time on address translation. Pages of 2 MiB, which the
/// system may grant, avoid most of it.
package final class AlignedMemory: @unchecked Sendable {
    package let base: UnsafeMutableRawPointer
    package let byteCount: Int

    private static let largePage = 2 << 20

    package init(byteCount: Int) {
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
        memset(memory, 0, rounded)
        base = memory
        self.byteCount = rounded
    }

    deinit { free(base) }
}
