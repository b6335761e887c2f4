import CVectorKernels
import TestSupport
import Testing
import VectorMath

/// One-bit codes of neighbors: every instruction set against plain arithmetic.
@Suite struct NeighborKernelTests {
    static let rounds = Int(VK_ROTATION_ROUNDS)

    private static func kernels(_ name: String) throws -> vk_kernels {
        try #require(VectorKernels.available.first { $0.name == name }).table.pointee
    }

    private static func signs(_ n: Int, _ random: inout RandomSource) -> [Float] {
        (0..<rounds * n).map { _ in random.next() >> 40 & 1 == 1 ? 1 : -1 }
    }

    private static func normal(_ n: Int, _ random: inout RandomSource) -> [Float] {
        (0..<n).map { _ in random.normal() }
    }

    private static func dot(_ a: [Float], _ b: [Float]) -> Double {
        zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }

    /// The transform by its definition: the sign of (i, j) is that of the parity of i & j.
    private static func hadamard(_ x: ArraySlice<Double>) -> [Double] {
        let values = Array(x)
        let scale = Double(values.count).squareRoot()
        return values.indices.map { i in
            values.indices.reduce(0.0) {
                $0 + ((i & $1).nonzeroBitCount % 2 == 0 ? values[$1] : -values[$1])
            } / scale
        }
    }

    private static func rotated(_ x: [Float], _ signs: [Float]) -> [Double] {
        var x = x.map(Double.init)
        let n = x.count
        var power = 64
        while 2 * power <= n { power *= 2 }
        for round in 0..<rounds {
            for i in 0..<n { x[i] *= Double(signs[round * n + i]) }
            let part = round % 2 == 0 ? 0..<power : n - power..<n
            x.replaceSubrange(part, with: hadamard(x[part]))
            let half = 0.5.squareRoot()
            x = (0..<n).map {
                $0 < n / 2 ? (x[$0] + x[$0 + n / 2]) * half : (x[$0 - n / 2] - x[$0]) * half
            }
        }
        return x
    }

    @Test(arguments: VectorKernels.available.map(\.name))
    func rotation(_ name: String) throws {
        let kernels = try Self.kernels(name)
        let portable = try Self.kernels("portable")
        var random = RandomSource.forTest(21)
        for n in [64, 128, 192, 320, 384, 1024] {
            let signs = Self.signs(n, &random)
            let (a, b) = (Self.normal(n, &random), Self.normal(n, &random))
            var (rotatedA, rotatedB) = (a, b)
            kernels.rotate(&rotatedA, n, signs)
            kernels.rotate(&rotatedB, n, signs)
            for (found, expected) in zip(rotatedA, Self.rotated(a, signs)) {
                #expect(abs(Double(found) - expected) < 1e-4)
            }
            #expect(abs(Self.dot(rotatedA, rotatedB) - Self.dot(a, b)) < 1e-3)
            // The same bits with every instruction set.
            var same = a
            portable.rotate(&same, n, signs)
            #expect(same == rotatedA)
        }
    }

    @Test(arguments: VectorKernels.available.map(\.name))
    func codesAndSums(_ name: String) throws {
        let kernels = try Self.kernels(name)
        let portable = try Self.kernels("portable")
        var random = RandomSource.forTest(22)
        for n in [64, 192, 384, 2048, 2112, 8192] {
            let center = Self.normal(n, &random)
            let residuals = (0..<32).map { _ in Self.normal(n, &random) }
            var codes = [UInt8](repeating: 255, count: 4 * n)
            for (lane, residual) in residuals.enumerated() {
                var sums = [Float](repeating: 0, count: 4)
                kernels.encode_neighbor(residual, center, n, lane, &codes, &sums)
                let along = zip(residual, center).reduce(0) {
                    $0 + ($1.0 > 0 ? 1 : -1) * Double($1.1)
                }
                let expected = [
                    residual.reduce(0) { $0 + Double(abs($1)) }, Self.dot(residual, residual),
                    along,
                    Self.dot(center, residual),
                ]
                for (found, expected) in zip(sums, expected) {
                    #expect(abs(Double(found) - expected) < 1e-4 * Double(n))
                }
                var (same, sameSums) = (codes, sums)
                portable.encode_neighbor(residual, center, n, lane, &same, &sameSums)
                #expect(same == codes && sameSums == sums)
            }
            for extreme in [false, true] {
                let query = (0..<n).map { _ in
                    UInt8(extreme ? 128 + 15 : 128 - 15 + Int((random.next() >> 20) % 31))
                }
                var tables = [UInt8](repeating: 0, count: 4 * n)
                var total: Int32 = 0
                let least = vk_neighbor_tables(query, n, &tables, &total)
                #expect(Int(total) == query.reduce(0) { $0 + Int($1) - 128 })
                #expect(tables.allSatisfy { $0 <= 60 })
                let expected = residuals.map { residual in
                    zip(residual, query).reduce(0) { $0 + ($1.0 > 0 ? Int($1.1) - 128 : 0) }
                }
                try checkEstimates(kernels, portable, codes, tables, expected, least, &random)
            }
        }
    }

    /// A group with these codes: estimates against their formula, the bits that say which are good
    /// against its words.
    private func checkEstimates(
        _ kernels: vk_kernels, _ portable: vk_kernels, _ codes: [UInt8], _ tables: [UInt8],
        _ signSums: [Int], _ least: Int32, _ random: inout RandomSource
    ) throws {
        let count: UInt32 = 1000
        let visited = (0..<16).map { _ in random.next() & random.next() }
        let links = (0..<32).map { lane -> UInt32 in
            // Some past the last node, one as far as can be.
            lane == 5 ? .max : UInt32(random.next() >> 40) % 1100
        }
        let (slopes, offsets) = (Self.normal(32, &random), Self.normal(32, &random))
        let group =
            links.withUnsafeBytes(Array.init) + slopes.withUnsafeBytes(Array.init)
            + offsets.withUnsafeBytes(Array.init) + codes
        #expect(group.count == Int(VK_NEIGHBOR_CODES) + codes.count)
        let (base, step, distance): (Float, Float, Float) = (0.25, 0.01, 0.5)
        var found = [Float](repeating: 0, count: 32)
        func estimates(_ kernels: vk_kernels, below bound: Float, _ out: inout [Float]) -> UInt32 {
            tables.withUnsafeBufferPointer { tables in
                visited.withUnsafeBufferPointer { visited in
                    var walk = vk_neighbor_walk(
                        tables: tables.baseAddress, n: tables.count / 4, base: base, step: step,
                        visited: visited.baseAddress, count: count)
                    return kernels.neighbor_estimates(&walk, group, distance, bound, &out)
                }
            }
        }
        _ = estimates(kernels, below: .infinity, &found)
        for lane in 0..<32 {
            let sum = Float(signSums[lane] - Int(least))
            #expect(
                found[lane] == distance + (offsets[lane] + slopes[lane] * (base + step * sum)))
        }
        for bound in [-.infinity, found.sorted()[16], .nan, .infinity] {
            let good = estimates(kernels, below: bound, &found)
            for lane in 0..<32 {
                let link = links[lane]
                let isNew =
                    link < count && visited[Int(link / 64)] >> UInt64(link % 64) & 1 == 0
                #expect((good >> UInt32(lane) & 1 == 1) == (isNew && found[lane] < bound))
            }
            var same = found
            #expect(estimates(portable, below: bound, &same) == good && same == found)
        }
    }

    /// The estimate of an inner product from signs has no bias and the error of RaBitQ's theorem.
    @Test func estimates() throws {
        let kernels = VectorKernels.active.table.pointee
        var random = RandomSource.forTest(23)
        let n = 384
        var (sum, squares) = (0.0, 0.0)
        let trials = 2000
        for _ in 0..<trials {
            let signs = Self.signs(n, &random)
            var (query, residual) = (Self.normal(n, &random), Self.normal(n, &random))
            let truth = Self.dot(query, residual)
            let size = (Self.dot(query, query) * Self.dot(residual, residual)).squareRoot()
            kernels.rotate(&query, n, signs)
            kernels.rotate(&residual, n, signs)
            var codes = [UInt8](repeating: 0, count: 4 * n)
            var sums = [Float](repeating: 0, count: 4)
            kernels.encode_neighbor(residual, query, n, 5, &codes, &sums)
            // The query stands for the center, so that the third sum is S(Pq).
            let error = (Double(sums[1] / sums[0] * sums[2]) - truth) / size
            sum += error
            squares += error * error
        }
        let deviation = (squares / Double(trials)).squareRoot()
        let theory = ((Double.pi / 2 - 1) / Double(n)).squareRoot()
        #expect(abs(deviation / theory - 1) < 0.1)
        #expect(abs(sum / Double(trials)) < 4 * deviation / Double(trials).squareRoot())
    }
}
