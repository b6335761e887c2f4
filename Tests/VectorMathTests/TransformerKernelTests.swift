import Foundation
import Testing
import VectorMath

/// Reproducible random numbers.
private struct Numbers {
    var state: UInt64

    mutating func next() -> Float {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Float(Int32(truncatingIfNeeded: state >> 32)) / 2_147_483_648
    }

    mutating func array(_ count: Int, scale: Float = 1) -> [Float] {
        (0..<count).map { _ in next() * scale }
    }
}

private func bfloat16(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ ((bits >> 16) & 1)) >> 16)
}

private func widened(_ bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }

private func half(_ bits: UInt16) -> Float {
    var result: Float = 0
    withUnsafeBytes(of: bits) {
        guard let base = $0.baseAddress else { return }
        TransformerRows.widen(base, .float16, count: 1, into: &result)
    }
    return result
}

/// A matrix in each encoding, at an odd address, since no alignment is assumed.
private struct Matrix {
    let bytes: [UInt8]
    let encoding: StoredMatrix.Encoding
    let outputs: Int
    let inputs: Int

    init(_ values: [Float], _ encoding: StoredMatrix.Encoding, outputs: Int, inputs: Int) {
        (self.encoding, self.outputs, self.inputs) = (encoding, outputs, inputs)
        let words: [UInt8] =
            switch encoding {
            case .float32: values.flatMap { withUnsafeBytes(of: $0) { Array($0) } }
            case .bfloat16: values.flatMap { withUnsafeBytes(of: bfloat16($0)) { Array($0) } }
            // Any finite bit pattern will do: sign, exponent and fraction come from the value's
            // bits.
            case .float16:
                values.flatMap { value in
                    let bits = UInt16(truncatingIfNeeded: value.bitPattern >> 9) & 0xBFFF
                    return withUnsafeBytes(of: bits & 0xBBFF) { Array($0) }
                }
            default: preconditionFailure("quantized types have tests of their own")
            }
        bytes = [0] + words
    }

    func withStored<Result>(
        bias: [Float]? = nil, _ body: (StoredMatrix) throws -> Result
    ) rethrows -> Result {
        try bytes.withUnsafeBytes { raw in
            guard let base = raw.baseAddress else { preconditionFailure("never empty") }
            return try (bias ?? []).withUnsafeBufferPointer { biases in
                try body(
                    StoredMatrix(
                        values: base + 1, encoding: encoding, outputs: outputs, inputs: inputs,
                        bias: bias == nil ? nil : biases.baseAddress))
            }
        }
    }
}

@Suite struct TransformerKernelTests {
    static let shapes: [(rows: Int, outputs: Int, inputs: Int)] = [
        (1, 1, 1), (1, 32, 16), (2, 33, 17), (5, 31, 64), (6, 64, 33), (14, 32, 128),
        (15, 96, 31), (29, 40, 100), (43, 100, 255),
    ]

    @Test(arguments: KernelLevel.available, shapes.indices)
    func linearEqualsReference(_ level: KernelLevel, _ index: Int) {
        let shape = Self.shapes[index]
        var numbers = Numbers(state: UInt64(index))
        let x = numbers.array(shape.rows * shape.inputs)
        let bias = numbers.array(shape.outputs)
        let weights = numbers.array(shape.outputs * shape.inputs)
        for encoding in [StoredMatrix.Encoding.float32, .bfloat16, .float16] {
            let matrix = Matrix(
                weights, encoding, outputs: shape.outputs, inputs: shape.inputs)
            matrix.withStored(bias: bias) { stored in
                let expected = LinearReference.multiply(x, rows: shape.rows, by: stored)
                var y = [Float](repeating: 7, count: shape.rows * shape.outputs)
                var scratch = [Float](
                    repeating: 0, count: LinearLayer.scratchCount(inputs: shape.inputs))
                for accumulate in [false, true] {
                    let finite = LinearLayer.multiply(
                        x, stride: shape.inputs, rows: shape.rows, by: stored, into: &y,
                        stride: shape.outputs, accumulate: accumulate, checksWeights: true,
                        scratch: &scratch, level: level)
                    #expect(finite)
                    let times = accumulate ? 2.0 : 1.0
                    let worst = zip(y, expected).map { abs(Double($0) - times * $1) }.max() ?? 0
                    #expect(worst < 1e-5 * Double(shape.inputs).squareRoot() * 4)
                }
            }
        }
    }

    @Test(arguments: KernelLevel.available, shapes.indices)
    func productWithAMatrixAsStoredEqualsReference(_ level: KernelLevel, _ index: Int) {
        // y = x M equals the output of the layer whose weights are M transposed.
        let shape = Self.shapes[index]
        let (depth, width) = (shape.inputs, shape.outputs)
        var numbers = Numbers(state: UInt64(index) + 7)
        let x = numbers.array(shape.rows * depth)
        let values = numbers.array(depth * width)
        for encoding in [StoredMatrix.Encoding.float32, .bfloat16, .float16] {
            let matrix = Matrix(values, encoding, outputs: depth, inputs: width)
            matrix.withStored { stored in
                let turned = (0..<width).flatMap { column in
                    (0..<depth).map { stored.element($0, column) }
                }
                let expected = Matrix(turned, .float32, outputs: width, inputs: depth)
                    .withStored { LinearReference.multiply(x, rows: shape.rows, by: $0) }
                var y = [Float](repeating: 7, count: shape.rows * width)
                var scratch = [Float](
                    repeating: 0, count: LinearLayer.scratchCount(inputs: depth))
                for accumulate in [false, true] {
                    LinearLayer.multiply(
                        x, stride: depth, rows: shape.rows, byTransposed: stored, into: &y,
                        stride: width, accumulate: accumulate, scratch: &scratch, level: level)
                    let times = accumulate ? 2.0 : 1.0
                    let worst = zip(y, expected).map { abs(Double($0) - times * $1) }.max() ?? 0
                    #expect(worst < 1e-5 * Double(depth).squareRoot() * 4)
                }
            }
        }
    }

    @Test(arguments: KernelLevel.available, shapes.indices)
    func bfloat16EqualsReference(_ level: KernelLevel, _ index: Int) {
        let shape = Self.shapes[index]
        var numbers = Numbers(state: UInt64(index) + 99)
        let x = numbers.array(shape.rows * shape.inputs)
        let weights = numbers.array(shape.outputs * shape.inputs)
        let stride = (shape.inputs + 1) & ~1
        var halves = [UInt16](repeating: 0xFFFF, count: shape.rows * stride)
        TransformerRows.narrow(
            x, stride: shape.inputs, rows: shape.rows, width: shape.inputs, into: &halves,
            stride: stride)
        #expect(
            (0..<shape.rows).allSatisfy { row in
                (0..<shape.inputs).allSatisfy {
                    halves[row * stride + $0] == bfloat16(x[row * shape.inputs + $0])
                }
            })
        let rounded = x.map { widened(bfloat16($0)) }
        let roundedWeights = weights.map { widened(bfloat16($0)) }
        for encoding in [StoredMatrix.Encoding.float32, .bfloat16] {
            let exact = Matrix(
                roundedWeights, .float32, outputs: shape.outputs, inputs: shape.inputs)
            let expected = exact.withStored {
                LinearReference.multiply(rounded, rows: shape.rows, by: $0)
            }
            let matrix = Matrix(weights, encoding, outputs: shape.outputs, inputs: shape.inputs)
            matrix.withStored { stored in
                var y = [Float](repeating: 7, count: shape.rows * shape.outputs)
                var scratch = [Float](
                    repeating: 0, count: LinearLayer.scratchCount(inputs: shape.inputs))
                let finite = LinearLayer.multiply(
                    halves, stride: stride, rows: shape.rows, by: stored, into: &y,
                    stride: shape.outputs, checksWeights: true, scratch: &scratch, level: level)
                #expect(finite)
                let worst = zip(y, expected).map { abs(Double($0) - $1) }.max() ?? 0
                #expect(worst < 1e-5 * Double(shape.inputs).squareRoot() * 4)
            }
        }
    }

    @Test(arguments: KernelLevel.available)
    func gatedEqualsReference(_ level: KernelLevel) {
        for (index, shape) in Self.shapes.enumerated() {
            var numbers = Numbers(state: UInt64(index) + 7)
            // Large gates too: silu must reach its limits without NaN.
            let scale: Float = index % 2 == 0 ? 1 : 300
            let x = numbers.array(shape.rows * shape.inputs, scale: scale)
            // Of a sum of so many products in float32.
            let error = 2e-6 * Double(scale) * Double(shape.inputs).squareRoot()
            let count = shape.outputs * shape.inputs
            let (outputs, inputs) = (shape.outputs, shape.inputs)
            let gate = Matrix(numbers.array(count), .float32, outputs: outputs, inputs: inputs)
            let up = Matrix(numbers.array(count), .float32, outputs: outputs, inputs: inputs)
            gate.withStored { gate in
                up.withStored { up in
                    let g = LinearReference.multiply(x, rows: shape.rows, by: gate)
                    let u = LinearReference.multiply(x, rows: shape.rows, by: up)
                    var y = [Float](repeating: 7, count: shape.rows * outputs)
                    var scratch = [Float](
                        repeating: 0,
                        count: LinearLayer.gatedScratchCount(inputs: inputs, rows: shape.rows))
                    _ = LinearLayer.gated(
                        x, stride: inputs, rows: shape.rows, gate: gate, up: up, into: &y,
                        stride: outputs, scratch: &scratch, level: level)
                    for place in y.indices {
                        let expected = g[place] / (1 + exp(-g[place])) * u[place]
                        let slope = 1 + abs(g[place]) + 1.1 * abs(u[place])
                        #expect(abs(Double(y[place]) - expected) < error * slope)
                    }
                }
            }
        }
    }

    @Test func noticesWeightsThatAreNotFinite() {
        for bad in [Float.nan, .infinity, -.infinity, -.nan] {
            for (outputs, inputs) in [(32, 64), (33, 65), (7, 3), (64, 48)] {
                for place in [0, outputs * inputs / 2, outputs * inputs - 1] {
                    for encoding in [StoredMatrix.Encoding.float32, .bfloat16] {
                        var weights = [Float](repeating: 3e38, count: outputs * inputs)
                        let x = [Float](repeating: 0, count: inputs)
                        let halves = [UInt16](repeating: 0, count: inputs + 1)
                        var y = [Float](repeating: 0, count: outputs)
                        var scratch = [Float](
                            repeating: 0, count: LinearLayer.scratchCount(inputs: inputs))
                        for damaged in [false, true] {
                            if damaged { weights[place] = bad }
                            Matrix(weights, encoding, outputs: outputs, inputs: inputs)
                                .withStored { stored in
                                    let single = LinearLayer.multiply(
                                        x, stride: inputs, rows: 1, by: stored, into: &y,
                                        stride: outputs, checksWeights: true, scratch: &scratch)
                                    let brain = LinearLayer.multiply(
                                        halves, stride: (inputs + 1) & ~1, rows: 1, by: stored,
                                        into: &y, stride: outputs, checksWeights: true,
                                        scratch: &scratch)
                                    #expect(single != damaged)
                                    #expect(brain != damaged)
                                }
                        }
                    }
                }
            }
        }
    }

    /// A row's result is the same, bit for bit, whatever the other rows are.
    @Test(arguments: KernelLevel.available)
    func rowsAreIndependent(_ level: KernelLevel) {
        var numbers = Numbers(state: 5)
        let (rows, outputs, inputs) = (40, 70, 90)
        let x = numbers.array(rows * inputs)
        let matrix = Matrix(
            numbers.array(outputs * inputs), .float32, outputs: outputs, inputs: inputs)
        matrix.withStored { stored in
            var scratch = [Float](repeating: 0, count: LinearLayer.scratchCount(inputs: inputs))
            var together = [Float](repeating: 0, count: rows * outputs)
            _ = LinearLayer.multiply(
                x, stride: inputs, rows: rows, by: stored, into: &together, stride: outputs,
                scratch: &scratch, level: level)
            for row in 0..<rows {
                var alone = [Float](repeating: 0, count: outputs)
                x.withUnsafeBufferPointer { x in
                    guard let base = x.baseAddress else { return }
                    _ = LinearLayer.multiply(
                        base + row * inputs, stride: inputs, rows: 1, by: stored, into: &alone,
                        stride: outputs, scratch: &scratch, level: level)
                }
                #expect(alone == Array(together[row * outputs..<(row + 1) * outputs]))
            }
        }
    }

    @Test func widensEveryHalf() {
        // Signs, subnormals, normals and the special values of float16 by its definition.
        for bits in UInt16.min ... .max {
            let (exponent, fraction) = (Int(bits >> 10 & 0x1F), Float(bits & 0x3FF))
            let sign: Float = bits & 0x8000 == 0 ? 1 : -1
            let found = half(bits)
            switch exponent {
            case 0: #expect(found == sign * fraction * 0x1p-24)
            case 31: #expect(fraction == 0 ? found == sign * .infinity : found.isNaN)
            default:
                let value =
                    sign * (1 + fraction / 1024)
                    * Float(sign: .plus, exponent: exponent - 15, significand: 1)
                #expect(found == value)
            }
        }
    }
}
