import Foundation

/// Memory for buffers, kept for the next step instead of going back to the system.
///
/// A training step asks for the same memory again and again, and fresh pages cost more than most
/// operations on them. What the forward pass keeps is given up piece by piece as the backward pass
/// makes gradients, of other sizes: blocks are cut from large chunks, the first place that is wide
/// enough, and free neighbours become one place again (Knuth, The Art of Computer Programming,
/// 2.5). So a process is hardly larger than the most that was ever in use at once.
package final class BufferPool {
    /// Bytes from `start` on; a chunk's number and the place in it, as `Chunk.position` joins them.
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
    /// Ascending, none touching the next.
    private var free: [Span] = []
    /// Bytes handed out now, and the most ever.
    package private(set) var bytesInUse = 0
    package private(set) var peakBytes = 0
    /// The end of the furthest place used since pages were last given back, and ever since then.
    private var furthest = 0
    private var touched = 0
    private var steps = 0

    package init() {}

    deinit { for chunk in chunks { munmap(chunk.address, chunk.bytes) } }

    /// A buffer with anything in it; it keeps the pool alive.
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

    /// A new chunk's place among the free ones. What is never touched of it costs nothing.
    private func grow(_ bytes: Int) -> Int {
        let page = 1 << 21
        let size = (max(bytes, 1 << 26, bytesInUse / 4) + page - 1) & ~(page - 1)
        let made = mmap(
            nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | Self.anonymous, -1, 0)
        guard let made, made != MAP_FAILED else { OutOfMemory.end(bytes: size) }
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

    /// Called between steps. Every few of them the pages beyond what those steps used go back to
    /// the system, so that one long batch does not make the process large for ever.
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

    /// The whole pages of a range within one chunk.
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
