import Foundation
import Testing
import VectorMath

/// The kernels that only encoders use, against their references in double precision.
@Suite struct EncoderKernelTests {
    private func numbers(_ count: Int, seed: Int, scale: Float = 1) -> [Float] {
        (0..<count).map { scale * sin(Float(($0 &* 7919 &+ seed &* 104_729) % 10_007)) }
    }

    private func worst(_ a: [Float], _ b: [Float]) -> Float {
        a.count == b.count ? zip(a, b).map { abs($0 - $1) }.max() ?? 0 : .infinity
    }

    @Test(arguments: [1, 2, 15, 16, 17, 64, 100, 577], [Float(0), 100])
    func layerNormEqualsReference(_ width: Int, _ mean: Float) {
        let x = numbers(3 * width, seed: width).map { $0 + mean }
        let (weight, bias) = (numbers(width, seed: 3), numbers(width, seed: 4))
        for epsilon: Float in [1e-12, 1e-5] {
            var y = x
            y.withUnsafeMutableBufferPointer { y in
                guard let base = y.baseAddress else { return }
                TransformerRows.layerNorm(
                    base, stride: width, rows: 3, width: width, weight: weight, bias: bias,
                    epsilon: epsilon, into: base, stride: width)
            }
            let expected = TransformerRows.layerNormReference(
                x, weight: weight, bias: bias, epsilon: epsilon)
            // One number has no variance: what rounding leaves of it is not compared.
            if width > 2 { #expect(worst(y, expected) < (mean == 0 ? 2e-5 : 2e-3)) }
            let isFinite = y.allSatisfy { $0.isFinite }
            #expect(isFinite)
        }
    }

    static let heads = [1, 3, 32, 33, 57, 130].flatMap { keys in
        [1, 6, 32, 40].map { (keys: keys, dimension: $0) }
    }

    @Test(arguments: KernelLevel.available, heads.indices)
    func fullAttentionEqualsReference(_ level: KernelLevel, _ index: Int) {
        let (keys, dimension) = Self.heads[index]
        let k = numbers(keys * dimension, seed: 1)
        let v = numbers(keys * dimension, seed: 2)
        var scratch = [Float](
            repeating: 0, count: FullAttention.scratchCount(keys: keys, dimension: dimension))
        for queries in [1, keys] {
            let q = numbers(queries * dimension, seed: 3, scale: 2)
            var output = [Float](repeating: 9, count: queries * dimension)
            FullAttention.attend(
                queries: q, stride: dimension, queryCount: queries, keys: k, values: v,
                keyStride: dimension, keyCount: keys, dimension: dimension, into: &output,
                outputStride: dimension, scratch: &scratch, level: level)
            let expected = FullAttention.reference(
                dimension: dimension, queries: q, keys: k, values: v)
            #expect(worst(output, expected) < 2e-5)
        }
    }

    @Test(arguments: KernelLevel.available, Activation.allCases)
    func activatedEqualsReference(_ level: KernelLevel, _ activation: Activation) {
        // One input and weight 1: the activation of every x, also far out.
        var x = stride(from: Float(-12), through: 12, by: 0.01).map { $0 }
        x += [-1e30, -100, -0.0, 1e-30, -1e-30, 100, 1e30]
        let one: [Float] = [1]
        let bias: [Float] = [0.25]
        var y = [Float](repeating: 0, count: x.count)
        var scratch = [Float](
            repeating: 0, count: LinearLayer.activatedScratchCount(inputs: 1, rows: x.count))
        one.withUnsafeBufferPointer { one in
            bias.withUnsafeBufferPointer { bias in
                guard let values = one.baseAddress else { return }
                let matrix = StoredMatrix(
                    values: values, encoding: .float32, outputs: 1, inputs: 1,
                    bias: bias.baseAddress)
                #expect(
                    LinearLayer.activated(
                        x, stride: 1, rows: x.count, by: matrix, activation: activation, into: &y,
                        stride: 1, checksWeights: true, scratch: &scratch, level: level))
            }
        }
        for (x, y) in zip(x, y) {
            let expected = activation.reference(Double(x + 0.25))
            let far = abs(Double(y) - expected)
            #expect(far <= 3e-7 * max(1, abs(expected)), "\(x): \(y), not \(expected)")
        }
    }

    static let shapes = [(1, 1, 1), (3, 33, 17), (15, 96, 64), (40, 50, 31)]

    @Test(arguments: KernelLevel.available, shapes.indices)
    func activatedProductsEqualReference(_ level: KernelLevel, _ index: Int) {
        let (rows, outputs, inputs) = Self.shapes[index]
        let x = numbers(rows * inputs, seed: 5)
        let weights = numbers(outputs * inputs, seed: 6)
        let bias = numbers(outputs, seed: 7)
        weights.withUnsafeBufferPointer { weights in
            bias.withUnsafeBufferPointer { bias in
                guard let values = weights.baseAddress else { return }
                let matrix = StoredMatrix(
                    values: values, encoding: .float32, outputs: outputs, inputs: inputs,
                    bias: bias.baseAddress)
                let expected = LinearReference.multiply(x, rows: rows, by: matrix)
                    .map { Float(Activation.gelu.reference($0)) }
                var scratch = [Float](
                    repeating: 0,
                    count: LinearLayer.activatedScratchCount(inputs: inputs, rows: rows))
                var y = [Float](repeating: 9, count: rows * outputs)
                _ = LinearLayer.activated(
                    x, stride: inputs, rows: rows, by: matrix, activation: .gelu, into: &y,
                    stride: outputs, scratch: &scratch, level: level)
                #expect(worst(y, expected) < 1e-5 * Float(inputs).squareRoot() * 4)

                let (narrow, wide) = ((inputs + 1) & ~1, (outputs + 1) & ~1)
                var halves = [UInt16](repeating: 9, count: rows * narrow)
                TransformerRows.narrow(
                    x, stride: inputs, rows: rows, width: inputs, into: &halves, stride: narrow)
                var small = [UInt16](repeating: 9, count: rows * wide)
                _ = LinearLayer.activated(
                    halves, stride: narrow, rows: rows, by: matrix, activation: .gelu,
                    into: &small, stride: wide, scratch: &scratch, level: level)
                for row in 0..<rows {
                    for output in 0..<outputs {
                        let found = Float(bitPattern: UInt32(small[row * wide + output]) << 16)
                        let exact = expected[row * outputs + output]
                        #expect(abs(found - exact) < 0.02 * (1 + abs(exact)))
                    }
                    if outputs % 2 == 1 { #expect(small[row * wide + outputs] == 0) }
                }
            }
        }
    }
}
