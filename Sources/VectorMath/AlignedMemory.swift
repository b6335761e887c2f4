import Foundation

/// Zeroed memory that starts on a cache line (a large page where it is large), freed with its owner.
///
/// Random reads of a large array spend much of their time on address translation; asking for 2 MiB
/// pages takes most of that away where the system grants them.
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
