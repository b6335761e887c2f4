import CVectorKernels
import TestSupport
import Testing
import VectorMath

/// Every instruction set is compared with plain arithmetic in double precision.
@Suite struct KernelTests {
    static let dimensions =
        Array(1...34) + [
            47, 63, 64, 65,
            95, 96, 97, 100, 127, 128, 129, 191, 255, 256, 257, 384, 768, 1000, 1023, 1537, 2047,
            3333, 4095, 4096,
        ]

    /// Kinds of numbers, from harmless to extreme.
    enum Kind: CaseIterable {
        case ordinary, denormal, wide, zero

        func value(_ random: inout RandomSource) -> Float {
            let uniform = Float(random.next() >> 40) / Float(1 << 23) - 1
            switch self {
            case .ordinary: return uniform
            case .denormal: return uniform * 1e-39
            case .wide: return uniform * [1e-15, 1, 1e15][Int(random.next() % 3)]
            case .zero: return 0
            }
        }
    }

    static func vector(_ count: Int, _ kind: Kind, seed: Int) -> [Float] {
        var random = RandomSource(seed: UInt64(seed &* 7919 &+ count))
        return (0..<count).map { _ in kind.value(&random) }
    }

    /// The sum of the products' magnitudes.
    static func magnitude(_ a: [Float], _ b: [Float]) -> Double {
        var sum = 0.0
        for (left, right) in zip(a, b) { sum += abs(Double(left) * Double(right)) }
        return sum
    }

    /// A sum of n products has a rounding error of at most about n units in the last place of the
    /// largest partial sum; with eight or more partial sums it is far less.
    static func close(_ found: Float, _ expected: Double, magnitude: Double, _ n: Int) -> Bool {
        abs(Double(found) - expected) <= magnitude * 1e-7 * Double(n).squareRoot() * 4 + 1e-37
    }

    @Test(arguments: VectorKernels.available.map(\.name))
    func float32(_ name: String) throws {
        let kernels = try #require(VectorKernels.available.first { $0.name == name }).table.pointee
        for n in Self.dimensions {
            for kind in Kind.allCases {
                // One element in front, so that rows are not aligned.
                let a: [Float] = [0] + Self.vector(n, kind, seed: 1)
                var rows: [Float] = [0]
                for seed in 2..<7 { rows += Self.vector(n + 3, kind, seed: seed) }
                let ids: [UInt32] = [4, 0, 2, 2, 1, 3, 0]
                var dots = [Float](repeating: 0, count: ids.count)
                var distances = dots
                a.withUnsafeBufferPointer { a in
                    rows.withUnsafeBufferPointer { rows in
                        let (query, base) = (a.baseAddress! + 1, rows.baseAddress! + 1)
                        kernels.dot_f32_rows(query, base, n + 3, n, ids, ids.count, &dots)
                        kernels.l2_f32_rows(query, base, n + 3, n, ids, ids.count, &distances)
                        #expect(kernels.dot_f32(query, base + (n + 3) * 4, n) == dots[0])
                        #expect(kernels.l2_f32(query, base + (n + 3) * 4, n) == distances[0])
                    }
                }
                for (position, id) in ids.enumerated() {
                    let start = 1 + Int(id) * (n + 3)
                    let row = Array(rows[start..<start + n])
                    let query = Array(a.dropFirst())
                    let magnitude = Self.magnitude(query, row)
                    #expect(
                        Self.close(
                            dots[position], DotProduct.dotReference(query, row),
                            magnitude: magnitude, n), "dot \(name) \(n) \(kind)")
                    let distance = DotProduct.squaredDistanceReference(query, row)
                    #expect(
                        Self.close(distances[position], distance, magnitude: distance, n),
                        "l2 \(name) \(n) \(kind)")
                }
            }
        }
    }

    @Test(arguments: VectorKernels.available.map(\.name))
    func halfPrecisionRows(_ name: String) throws {
        let kernels = try #require(VectorKernels.available.first { $0.name == name }).table.pointee
        for n in Self.dimensions {
            let query = Self.vector(n, .ordinary, seed: 3)
            let row = Self.vector(n, .ordinary, seed: 4)
            var halves = [UInt16](repeating: 0, count: n)
            var brains = halves
            kernels.f32_to_f16(row, n, &halves)
            kernels.f32_to_bf16(row, n, &brains)
            var dots: [Float] = [0, 0]
            var distances: [Float] = [0, 0]
            kernels.dot_f16_rows(query, halves, n, n, nil, 1, &dots[0])
            kernels.dot_bf16_rows(query, brains, n, n, nil, 1, &dots[1])
            kernels.l2_f16_rows(query, halves, n, n, nil, 1, &distances[0])
            kernels.l2_bf16_rows(query, brains, n, n, nil, 1, &distances[1])
            let exact = [
                halves.map { Float(Float16(bitPattern: $0)) },
                brains.map { Float(bitPattern: UInt32($0) << 16) },
            ]
            for (index, values) in exact.enumerated() {
                let magnitude = Self.magnitude(query, values)
                #expect(
                    Self.close(
                        dots[index], DotProduct.dotReference(query, values), magnitude: magnitude, n
                    ))
                let distance = DotProduct.squaredDistanceReference(query, values)
                #expect(Self.close(distances[index], distance, magnitude: distance, n))
            }
        }
    }

    /// Every float16, and float32 numbers on and between them, against Swift's own conversion.
    @Test(arguments: VectorKernels.available.map(\.name))
    func conversions(_ name: String) throws {
        let kernels = try #require(VectorKernels.available.first { $0.name == name }).table.pointee
        let all = (0...UInt16.max).map { $0 }
        var values = [Float](repeating: 0, count: all.count)
        kernels.f16_to_f32(all, all.count, &values)
        for (bits, value) in zip(all, values) {
            let expected = Float(Float16(bitPattern: bits))
            #expect(value.bitPattern == expected.bitPattern || (value.isNaN && expected.isNaN))
        }
        // Each number, its neighbors, and the midpoint to the next.
        var samples: [Float] = [1e-45, 3e-8, 6e-8, 65504, 65519.99, 65520, 1e30, -1e30, .infinity]
        for value in stride(from: 0, to: values.count, by: 7).map({ values[$0] })
        where value.isFinite {
            samples += [value, value.nextUp, value.nextDown, (value + value.nextUp) / 2]
            samples.append(value * 1.00048828125)
        }
        var halves = [UInt16](repeating: 0, count: samples.count)
        var brains = halves
        kernels.f32_to_f16(samples, samples.count, &halves)
        kernels.f32_to_bf16(samples, samples.count, &brains)
        var back = [Float](repeating: 0, count: samples.count)
        kernels.bf16_to_f32(brains, brains.count, &back)
        for index in samples.indices {
            #expect(halves[index] == Float16(samples[index]).bitPattern, "\(samples[index])")
            #expect(back[index].bitPattern == UInt32(brains[index]) << 16)
            // To nearest, ties to even.
            let word = samples[index].bitPattern
            let (low, middle) = (UInt16(word >> 16), word & 0xffff)
            let up = middle > 0x8000 || (middle == 0x8000 && low & 1 == 1)
            #expect(brains[index] == (up ? low + 1 : low))
        }
    }

    @Test(arguments: VectorKernels.available.map(\.name))
    func int8(_ name: String) throws {
        let kernels = try #require(VectorKernels.available.first { $0.name == name }).table.pointee
        var random = RandomSource.forTest(5)
        for n in [64, 128, 192, 256, 320, 384, 448, 512, 1024, 4032, 4096] {
            let rows = (0..<9 * n).map { _ in UInt8(truncatingIfNeeded: random.next() >> 20) }
            for extreme in [false, true] {
                let query = (0..<n).map { _ in
                    extreme ? Int8(127) : Int8(Int((random.next() >> 20) % 255) - 127)
                }
                let sum = query.reduce(Int32(0)) { $0 + Int32($1) }
                let ids: [UInt32] = [8, 1, 1, 0, 7, 3, 2, 6, 5, 4, 8]
                for count in 1...ids.count {
                    var found = [Int32](repeating: 0, count: count)
                    kernels.dot_i8_rows(query, sum, rows, n, n, ids, count, &found)
                    for (position, id) in ids.prefix(count).enumerated() {
                        let row = rows[Int(id) * n..<(Int(id) + 1) * n]
                        let expected = zip(query, row).reduce(0) {
                            $0 + Int($1.0) * (Int($1.1) - 128)
                        }
                        #expect(Int(found[position]) == expected)
                    }
                }
            }
            let codes = Array(rows.prefix(n)).map { max($0, 1) }
            var signed = [Int8](repeating: 0, count: n)
            var (sum, squares): (Int32, Int32) = (0, 0)
            kernels.signed_codes(codes, n, &signed, &sum, &squares)
            #expect(zip(signed, codes).allSatisfy { Int($0) == Int($1) - 128 })
            #expect(Int(sum) == signed.reduce(0) { $0 + Int($1) })
            #expect(Int(squares) == signed.reduce(0) { $0 + Int($1) * Int($1) })
        }
    }

    @Test(arguments: VectorKernels.available.map(\.name))
    func quantization(_ name: String) throws {
        let kernels = try #require(VectorKernels.available.first { $0.name == name }).table.pointee
        for n in Self.dimensions {
            for kind in Kind.allCases {
                let vector = Self.vector(n, kind, seed: 9)
                let (expected, scale) = Int8Codes.encodeReference(vector)
                guard scale > 0 else { continue }
                var codes = [UInt8](repeating: Int8Codes.zeroCode, count: expected.count)
                kernels.quantize_i8(vector, 1 / scale, n, &codes)
                #expect(codes == expected)
            }
        }
    }

    @Test(arguments: VectorKernels.available.map(\.name))
    func magnitude(_ name: String) throws {
        let kernels = try #require(VectorKernels.available.first { $0.name == name }).table.pointee
        for n in Self.dimensions {
            var vector = Self.vector(n, .wide, seed: 11)
            #expect(kernels.max_magnitude(vector, n) == vector.map(abs).max())
            for bad in [Float.nan, -Float.nan, .infinity, -.infinity] {
                vector[n - 1] = bad
                #expect(!kernels.max_magnitude(vector, n).isFinite)
            }
        }
    }
}
