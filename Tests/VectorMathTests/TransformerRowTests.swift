import Foundation
import Testing
import VectorMath

@Suite struct TransformerRowTests {
    private func numbers(_ count: Int, seed: Int, scale: Float = 1) -> [Float] {
        (0..<count).map { scale * sin(Float(($0 &* 7919 &+ seed &* 104_729) % 10_007)) }
    }

    private func worst(_ a: [Float], _ b: [Float]) -> Float {
        a.count == b.count ? zip(a, b).map { abs($0 - $1) }.max() ?? 0 : .infinity
    }

    @Test(arguments: [1, 2, 15, 16, 17, 64, 100, 577], [Float(1), 1e-18, 1e15])
    func normEqualsReference(_ width: Int, _ scale: Float) {
        let x = numbers(3 * width, seed: width, scale: scale)
        let weight = numbers(width, seed: 3)
        var y = x
        y.withUnsafeMutableBufferPointer { y in
            guard let base = y.baseAddress else { return }
            TransformerRows.norm(
                base, stride: width, rows: 3, width: width, weight: weight, epsilon: 1e-6,
                into: base, stride: width)
        }
        let expected = TransformerRows.normReference(x, weight: weight, epsilon: 1e-6)
        #expect(worst(y, expected) < 2e-5)

        let stride = (width + 1) & ~1
        var halves = [UInt16](repeating: 9, count: 3 * stride)
        TransformerRows.norm(
            x, stride: width, rows: 3, width: width, weight: weight, epsilon: 1e-6, into: &halves,
            stride: stride)
        for row in 0..<3 {
            for index in 0..<width {
                let value = Float(bitPattern: UInt32(halves[row * stride + index]) << 16)
                let exact = expected[row * width + index]
                #expect(abs(value - exact) <= 0.004 * abs(exact) + 2e-5)
            }
            if width % 2 == 1 { #expect(halves[row * stride + width] == 0) }
        }
    }

    @Test func rotationEqualsReference() {
        for (heads, dimension) in [(1, 2), (3, 8), (2, 64), (5, 34)] {
            let positions: [Int32] = [0, 1, 5, 300, 511]
            let frequencies = (0..<dimension / 2).map {
                pow(Float(10_000), -Float(2 * $0) / Float(dimension))
            }
            var (cosines, sines): ([Float], [Float]) = ([], [])
            for position in 0..<512 {
                for frequency in frequencies {
                    cosines.append(Float(cos(Double(Float(position) * frequency))))
                    sines.append(Float(sin(Double(Float(position) * frequency))))
                }
            }
            let x = numbers(positions.count * heads * dimension, seed: heads)
            var y = x
            TransformerRows.rotate(
                &y, stride: heads * dimension, rows: positions.count, heads: heads,
                dimension: dimension, positions: positions, cosines: cosines, sines: sines)
            let expected = TransformerRows.rotateReference(
                x, heads: heads, dimension: dimension, positions: positions,
                frequencies: frequencies)
            #expect(worst(y, expected) < 1e-6)
        }
    }

    @Test(arguments: KernelLevel.available)
    func attentionEqualsReference(_ level: KernelLevel) {
        for (length, queries, dimension, group, window, scale): (Int, Int, Int, Int, Int?, Float)
            in [
                (1, 1, 8, 1, nil, 1), (7, 7, 16, 2, nil, 1), (33, 33, 64, 3, nil, 1),
                (130, 130, 32, 1, nil, 3), (130, 130, 48, 2, 17, 1), (130, 5, 16, 4, nil, 1),
                (130, 1, 16, 4, 64, 1), (70, 70, 10, 1, 1, 1), (64, 64, 16, 1, 1000, 40),
            ]
        {
            let shape = CausalAttention.Shape(
                firstQuery: length - queries, queries: queries, keys: length,
                dimension: dimension, group: group, window: window)
            let q = numbers(queries * group * dimension, seed: 1, scale: scale)
            let k = numbers(length * dimension, seed: 2, scale: scale)
            let v = numbers(length * dimension, seed: 3)
            var output = [Float](repeating: 7, count: queries * group * dimension)
            var scratch = [Float](
                repeating: .nan,
                count: CausalAttention.scratchCount(keys: length, dimension: dimension))
            CausalAttention.attend(
                shape, queries: q, stride: group * dimension, keys: k, values: v,
                keyStride: dimension, into: &output, outputStride: group * dimension,
                scratch: &scratch, level: level)
            let expected = CausalAttention.reference(shape, queries: q, keys: k, values: v)
            #expect(worst(output, expected) < 2e-5 * max(1, scale * scale / 8))
        }
    }

    /// Bit for bit, stored in two parts and after a copy.
    @Test(arguments: KernelLevel.available)
    func packedAttentionEqualsAttention(_ level: KernelLevel) {
        for (length, queries, dimension, group, window): (Int, Int, Int, Int, Int?) in [
            (1, 1, 8, 1, nil), (33, 33, 64, 3, nil), (130, 1, 64, 3, nil), (130, 1, 16, 4, 40),
            (97, 60, 48, 2, 17), (64, 5, 10, 70, nil), (70, 1, 10, 70, 33),
        ] {
            let shape = CausalAttention.Shape(
                firstQuery: length - queries, queries: queries, keys: length,
                dimension: dimension, group: group, window: window)
            let width = group * dimension
            let q = numbers(queries * width, seed: 1)
            let k = numbers(length * dimension, seed: 2)
            let v = numbers(length * dimension, seed: 3)
            var plain = [Float](repeating: 7, count: queries * width)
            var found = plain
            var scratch = [Float](
                repeating: .nan,
                count: CausalAttention.scratchCount(keys: length, dimension: dimension))
            CausalAttention.attend(
                shape, queries: q, stride: width, keys: k, values: v, keyStride: dimension,
                into: &plain, outputStride: width, scratch: &scratch, level: level)

            let capacities = [160, 192]
            let memories = capacities.map { capacity in
                let counts = CausalAttention.Packed.counts(
                    capacity: capacity, dimension: dimension)
                return UnsafeMutableBufferPointer<Float>.allocate(
                    capacity: counts.keys + counts.values)
            }
            defer { for memory in memories { memory.deallocate() } }
            let packed = zip(memories, capacities).map { memory, capacity in
                memory.initialize(repeating: .nan)
                return CausalAttention.Packed(
                    at: memory.baseAddress!, capacity: capacity, dimension: dimension)
            }
            let first = length / 2
            packed[0].store(keys: k, values: v, stride: dimension, at: 0, rows: first)
            packed[1].copyPrefix(first, of: packed[0])
            packed[1].store(
                keys: Array(k[(first * dimension)...]), values: Array(v[(first * dimension)...]),
                stride: dimension, at: first, rows: length - first)
            CausalAttention.attend(
                shape, queries: q, stride: width, packed: packed[1], into: &found,
                outputStride: width, scratch: &scratch, level: level)
            #expect(found == plain, "\(shape)")
        }
    }

    @Test func findsTheGreatest() {
        var x = numbers(100, seed: 9)
        x[40] = 8
        x[41] = 8
        #expect(TransformerRows.indexOfGreatest(x, count: 100) == 40)
        x[99] = 9
        #expect(TransformerRows.indexOfGreatest(x, count: 100) == 99)
        #expect(TransformerRows.indexOfGreatest([-3, -.infinity], count: 2) == 0)
        #expect(TransformerRows.indexOfGreatest([.nan, -5], count: 2) == 1)
        #expect(TransformerRows.indexOfGreatest([.nan], count: 1) == 0)
    }

    @Test func sumsExponentials() {
        for (count, scale) in [(1, Float(1)), (5, 100), (1000, 1), (3001, 30), (257, 1e4)] {
            let row = numbers(count, seed: count, scale: scale)
            let (greatest, sum) = row.withUnsafeBufferPointer { LogSumExp.parts($0) }
            #expect(abs(greatest + log(sum) - LogSumExp.reference(row)) < 1e-6)
        }
        #expect([Float]().withUnsafeBufferPointer { LogSumExp.parts($0) }.sum == 0)
    }

    @Test func noticesWhatIsNotFinite() {
        var x = numbers(100, seed: 1, scale: 1e38)
        #expect(TransformerRows.isFinite(x, count: x.count))
        for value in [Float.nan, .infinity, -.infinity] {
            x[77] = value
            #expect(!TransformerRows.isFinite(x, count: x.count))
            #expect(TransformerRows.isFinite(x, count: 77))
        }
    }
}
