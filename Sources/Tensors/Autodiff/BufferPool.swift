import Foundation

/// A pool of memory for buffers, kept for the next step instead of being returned to the system.
///
/// Every training step allocates the same memory, and fresh pages cost more than most operations on
/// them. The backward pass releases the forward pass's buffers one by one while it allocates
/// gradients of other sizes, so blocks are cut from large chunks first-fit, and adjacent free
/// blocks are merged (Knuth, The Art of Computer Programming, 2.5). The process is hardly larger
/// than the peak of memory in use.
package final class BufferPool {
    /// A range of bytes; `start` combines a chunk's number and the offset in it, as
    /// `Chunk.position` does.
    private struct Span {
        var start: Int
        var count: Int
        var end: Int { start + count }
    }

    private struct Chunk {
        static let bits = 44
        let address: UnsafeMutableRawPointer
        let bytes: Int
        static func position(_ chunk: Int) -> Int { chunk << bits }
    }

    private var chunks: [Chunk] = []
    /// Free spans in ascending order, none adjacent to the next.
    private var free: [Span] = []
    /// Bytes in use now, and the peak.
    package private(set) var bytesInUse = 0
    package private(set) var peakBytes = 0
    /// The end of the furthest span used since pages were last released, and the same before that.
    private var furthest = 0
    private var touched = 0
    private var steps = 0

    package init() {}

    deinit { for chunk in chunks { munmap(chunk.address, chunk.bytes) } }

    /// An uninitialized buffer, which keeps the pool alive.
    package func buffer(count: Int, isHalf: Bool) -> Buffer {
        let bytes = (max(1, count) * (isHalf ? 2 : 4) + 63) & ~63
        let start = take(bytes)
        bytesInUse += bytes
        peakBytes = max(peakBytes, bytesInUse)
        return Buffer(address: address(start), count: count, isHalf: isHalf) { [self] in
            bytesInUse -= bytes
            giveBack(Span(start: start, count: bytes))
        }
    }

    private func address(_ position: Int) -> UnsafeMutableRawPointer {
        let chunk = position >> Chunk.bits
        return chunks[chunk].address + (position - Chunk.position(chunk))
    }

    private func take(_ bytes: Int) -> Int {
        let index = free.firstIndex { $0.count >= bytes } ?? grow(bytes)
        let start = free[index].start
        if free[index].count == bytes {
            free.remove(at: index)
        } else {
            free[index] = Span(start: start + bytes, count: free[index].count - bytes)
        }
        furthest = max(furthest, start + bytes)
        return start
    }

    /// Allocates a new chunk and returns its index in `free`. Pages that are never touched cost
    /// nothing.
    private func grow(_ bytes: Int) -> Int {
        let page = 1 << 21
        let size = (max(bytes, 1 << 26, bytesInUse / 4) + page - 1) & ~(page - 1)
        let made = mmap(
            nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | Self.anonymous, -1, 0)
        guard let made, made != MAP_FAILED else { OutOfMemory.end(bytes: size) }
        #if os(Linux)
            // Large pages, where the system grants them: fewer faults, and fewer address
            // translations.
            _ = madvise(made, size, 14 /* MADV_HUGEPAGE */)
        #endif
        free.append(Span(start: Chunk.position(chunks.count), count: size))
        chunks.append(Chunk(address: made, bytes: size))
        return free.count - 1
    }

    private func giveBack(_ span: Span) {
        var (low, high) = (0, free.count)
        while low < high {
            let middle = (low + high) / 2
            if free[middle].start < span.start { low = middle + 1 } else { high = middle }
        }
        var span = span
        if low < free.count, free[low].start == span.end {
            span.count += free[low].count
            free.remove(at: low)
        }
        if low > 0, free[low - 1].end == span.start {
            free[low - 1].count += span.count
        } else {
            free.insert(span, at: low)
        }
    }

    /// Called between steps. Every 16 steps, pages beyond those that these steps used are returned
    /// to the system, so that one long batch does not keep the process large forever.
    package func trim() {
        steps += 1
        guard steps % 16 == 0 else { return }
        touched = max(touched, furthest)
        for span in free where span.end > furthest && span.start < touched {
            discard(max(span.start, furthest)..<min(span.end, touched))
        }
        touched = furthest
        furthest = 0
    }

    /// Releases the whole pages of a range in one chunk.
    private func discard(_ range: Range<Int>) {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let from = (range.lowerBound + page - 1) / page * page
        let to = range.upperBound / page * page
        if from < to { madvise(address(from), to - from, MADV_DONTNEED) }
    }

    #if canImport(Darwin)
        private static let anonymous = MAP_ANON
    #else
        private static let anonymous = MAP_ANONYMOUS
    #endif
}
