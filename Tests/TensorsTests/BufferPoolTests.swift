import Tensors
import Testing

struct BufferPoolTests {
    /// Random buffers come and go: none overlaps another while both live.
    @Test func buffersKeepTheirValues() {
        let pool = BufferPool()
        var numbers = Numbers(seed: 4)
        var live: [(buffer: Buffer, mark: Float)] = []
        for step in 0..<3_000 {
            if !live.isEmpty, numbers.next() < 0.05 * Float(live.count) - 0.5 {
                let index = Int((numbers.next() + 1) / 2 * Float(live.count - 1))
                let (buffer, mark) = live.remove(at: index)
                #expect(
                    UnsafeBufferPointer(start: buffer.floats, count: buffer.count)
                        .allSatisfy { $0 == mark })
            }
            let large = numbers.next() > 0.9
            let count = 1 + Int((numbers.next() + 1) * (large ? 20_000 : 50))
            let buffer = pool.buffer(count: count, isHalf: false)
            buffer.floats.update(repeating: Float(step), count: count)
            live.append((buffer, Float(step)))
            if step % 100 == 0 { pool.trim() }
        }
        for (buffer, mark) in live {
            #expect(buffer.floats[0] == mark && buffer.floats[buffer.count - 1] == mark)
        }
        live = []
        #expect(pool.bytesInUse == 0)
    }

    /// What small buffers leave behind serves a large one.
    @Test func freeNeighboursBecomeOnePlace() {
        let pool = BufferPool()
        var small = (0..<64).map { _ in pool.buffer(count: 1 << 16, isHalf: true) }
        let first = small.map { UnsafeMutableRawPointer($0.halves) }.min()
        for index in stride(from: 0, to: 64, by: 2) { small[index] = small[index + 1] }
        small = []
        let large = pool.buffer(count: 64 << 15, isHalf: false)
        #expect(UnsafeMutableRawPointer(large.floats) == first)
        #expect(pool.peakBytes == 64 << 17)
    }

    @Test func buffersOutliveTheirPool() {
        var pool: BufferPool? = BufferPool()
        let buffer = pool?.buffer(count: 1000, isHalf: false)
        pool = nil
        buffer?.floats.update(repeating: 2, count: 1000)
        #expect(buffer?.array == [Float](repeating: 2, count: 1000))
    }
}
