import Foundation
import TestSupport
import Testing
import VectorMath

/// Products with quantized weights, on every instruction set, compared with plain Swift.
@Suite struct QuantizedProductTests {
    static let types = BlockType.allCases.filter(\.isQuantized)
    static let seed = RandomSource.seed(15, name: "QuantizedProductTests")

    /// The offsets of the float16 numbers in a block.
    static func scalePlaces(_ type: BlockType) -> [Int] {
        switch type {
        case .q4_1, .q5_1, .q4_k, .q5_k: [0, 2]
        case .q2_k: [80, 82]
        case .q3_k: [108]
        case .q6_k: [208]
        default: [0]
        }
    }

    enum Weights: CaseIterable {
        /// Any bytes, ordinary scales.
        case random
        /// Every bit of every weight set: the largest possible sums.
        case full
        /// Scales of 0, the smallest and the largest float16.
        case extreme
    }

    enum Activations: CaseIterable {
        case random
        /// All of one size, so that all bytes are 127 or -127.
        case full
        /// One number dwarfs the others.
        case outlier
        /// Zeros, subnormal numbers, and huge ones.
        case extreme
    }

    private struct Matrix {
        let bytes: [UInt8]
        let type: BlockType
        let outputs: Int
        let inputs: Int

        init(
            _ kind: Weights, _ type: BlockType, outputs: Int, inputs: Int,
            random: inout RandomSource
        ) {
            (self.type, self.outputs, self.inputs) = (type, outputs, inputs)
            var bytes: [UInt8] = [0]
            let choices: [UInt16] =
                kind == .extreme ? [0, 0x0001, 0x7BFF, 0xFBFF, 0x8000, 0x03FF] : []
            for _ in 0..<outputs * inputs / type.weightsPerBlock {
                var block = (0..<type.bytesPerBlock).map { _ in
                    kind == .full ? UInt8(0xFF) : UInt8(truncatingIfNeeded: random.next())
                }
                for place in QuantizedProductTests.scalePlaces(type) {
                    // Ordinary ones are 2^-11 to 2^-5 and either sign.
                    let bits =
                        choices.isEmpty
                        ? UInt16(0x1000 + random.next() % 0x1800) | UInt16(random.next() % 2) << 15
                        : choices[Int(random.next() % UInt64(choices.count))]
                    block[place] = UInt8(bits & 0xFF)
                    block[place + 1] = UInt8(bits >> 8)
                }
                bytes += block
            }
            self.bytes = bytes
        }

        /// At an odd address, since no alignment is assumed.
        func withStored<R>(bias: [Float]? = nil, _ body: (StoredMatrix) throws -> R) rethrows -> R {
            try bytes.withUnsafeBytes { raw in
                guard let base = raw.baseAddress else { preconditionFailure("never empty") }
                return try (bias ?? []).withUnsafeBufferPointer { biases in
                    try body(
                        StoredMatrix(
                            values: base + 1, encoding: type, outputs: outputs, inputs: inputs,
                            bias: bias == nil ? nil : biases.baseAddress))
                }
            }
        }
    }

    private static func activations(
        _ kind: Activations, rows: Int, inputs: Int, random: inout RandomSource
    ) -> [Float] {
        (0..<rows * inputs).map { index in
            let x = random.unit()
            switch kind {
            case .random: return x
            case .full: return x < 0 ? -3 : 3
            case .outlier: return index % 97 == 5 ? 1000 * x : x
            case .extreme:
                switch index / 32 % 4 {
                case 0: return 0
                case 1: return x * 1e-42
                case 2: return x * 1e25
                default: return x
                }
            }
        }
    }

    private static func multiply(
        _ x: [Float], rows: Int, by weight: StoredMatrix, outputs: Range<Int>? = nil,
        accumulatingOn start: Float? = nil, checks: Bool = false, level: KernelLevel
    ) -> (y: [Float], isFinite: Bool) {
        let operand = QuantizedRows()
        operand.load(x, stride: weight.inputs, rows: rows, width: weight.inputs)
        let width = outputs?.count ?? weight.outputs
        var y = [Float](repeating: start ?? .nan, count: rows * width)
        let scratch = AlignedMemory(
            byteCount: 4 * LinearLayer.quantizedScratchCount(inputs: weight.inputs, rows: rows))
        let isFinite = LinearLayer.multiply(
            operand, rows: rows, by: weight, outputs: outputs, into: &y, stride: width,
            accumulate: start != nil, checksWeights: checks,
            scratch: scratch.base.assumingMemoryBound(to: Float.self), level: level)
        return (y, isFinite)
    }

    /// float32 adds up some tens of groups.
    private static let tolerance = 2e-6

    @Test(arguments: types)
    func productsEqualReference(_ type: BlockType) {
        var random = RandomSource(seed: Self.seed)
        for (rows, outputs, inputs) in [(1, 32, 256), (3, 5, 512), (7, 33, 256), (9, 34, 512)] {
            for weights in Weights.allCases {
                let matrix = Matrix(
                    weights, type, outputs: outputs, inputs: inputs, random: &random)
                let bias = (0..<outputs).map { _ in random.unit() }
                for kind in Activations.allCases {
                    let x = Self.activations(kind, rows: rows, inputs: inputs, random: &random)
                    matrix.withStored(bias: bias) { stored in
                        let (expected, magnitudes) = LinearReference.multiplyQuantized(
                            x, rows: rows, by: stored)
                        for level in KernelLevel.available {
                            let found = Self.multiply(x, rows: rows, by: stored, level: level).y
                            let worst =
                                expected.indices.map {
                                    abs(Double(found[$0]) - expected[$0])
                                        / max(magnitudes[$0], .leastNormalMagnitude)
                                }.max() ?? 0
                            #expect(
                                worst < Self.tolerance,
                                "\(level), \(weights) weights, \(kind) activations, \(rows) rows, seed \(Self.seed)"
                            )
                        }
                    }
                }
            }
        }
    }

    @Test(arguments: types, KernelLevel.available)
    func aRowDependsNeitherOnOthersNorOnHowOutputsAreSplit(_ type: BlockType, _ level: KernelLevel)
    {
        var random = RandomSource(seed: Self.seed)
        let (rows, outputs, inputs) = (17, 100, 512)
        let matrix = Matrix(.random, type, outputs: outputs, inputs: inputs, random: &random)
        let x = Self.activations(.random, rows: rows, inputs: inputs, random: &random)
        matrix.withStored { stored in
            let whole = Self.multiply(x, rows: rows, by: stored, level: level).y
            for row in 0..<rows {
                let alone = Self.multiply(
                    Array(x[row * inputs..<(row + 1) * inputs]), rows: 1, by: stored, level: level)
                #expect(alone.y == Array(whole[row * outputs..<(row + 1) * outputs]))
            }
            for range in [0..<32, 32..<96, 96..<100, 40..<60] {
                let part = Self.multiply(
                    x, rows: rows, by: stored, outputs: range, level: level
                ).y
                for row in 0..<rows {
                    let expected = whole[
                        row * outputs + range.lowerBound..<row * outputs + range.upperBound]
                    #expect(
                        Array(part[row * range.count..<(row + 1) * range.count])
                            == Array(expected))
                }
            }
            let added = Self.multiply(
                x, rows: rows, by: stored, accumulatingOn: 2.5, level: level
            ).y
            for (sum, product) in zip(added, whole) {
                #expect(abs(sum - product - 2.5) <= 1e-5 * max(1, abs(product)))
            }
        }
    }

    @Test(arguments: types, KernelLevel.available)
    func gatedEqualsReference(_ type: BlockType, _ level: KernelLevel) {
        var random = RandomSource(seed: Self.seed)
        let (rows, outputs, inputs) = (5, 70, 256)
        let gate = Matrix(.random, type, outputs: outputs, inputs: inputs, random: &random)
        // The other matrix may have another type.
        for other in [type, .q4_1, .q6_k] {
            let up = Matrix(.random, other, outputs: outputs, inputs: inputs, random: &random)
            let x = Self.activations(.random, rows: rows, inputs: inputs, random: &random)
            gate.withStored { gate in
                up.withStored { up in
                    let gates = LinearReference.multiplyQuantized(x, rows: rows, by: gate).sums
                    let ups = LinearReference.multiplyQuantized(x, rows: rows, by: up).sums
                    let operand = QuantizedRows()
                    operand.load(x, stride: inputs, rows: rows, width: inputs)
                    var y = [Float](repeating: .nan, count: rows * outputs)
                    let scratch = AlignedMemory(
                        byteCount: 4
                            * LinearLayer.quantizedScratchCount(inputs: inputs, rows: rows))
                    let isFinite = LinearLayer.gated(
                        operand, rows: rows, gate: gate, up: up, into: &y, stride: outputs,
                        checksWeights: true,
                        scratch: scratch.base.assumingMemoryBound(to: Float.self), level: level)
                    #expect(isFinite)
                    for (found, (g, u)) in zip(y, zip(gates, ups)) {
                        let expected = g / (1 + exp(-g)) * u
                        #expect(abs(Double(found) - expected) <= 1e-4 * max(1, abs(g * u)))
                    }
                }
            }
        }
    }

    @Test(arguments: types, KernelLevel.available)
    func damagedScalesAndInfiniteActivationsAreNoticed(_ type: BlockType, _ level: KernelLevel) {
        var random = RandomSource(seed: Self.seed)
        let sound = Matrix(.random, type, outputs: 40, inputs: 512, random: &random)
        var x = Self.activations(.random, rows: 2, inputs: 512, random: &random)
        sound.withStored {
            #expect(Self.multiply(x, rows: 2, by: $0, checks: true, level: level).isFinite)
        }
        for place in Self.scalePlaces(type) {
            for bits: UInt16 in [0x7C00, 0xFC00, 0x7E01] {
                var bytes = sound.bytes
                let block = bytes.count - type.bytesPerBlock + place
                (bytes[block], bytes[block + 1]) = (UInt8(bits & 0xFF), UInt8(bits >> 8))
                bytes.withUnsafeBytes { raw in
                    guard let base = raw.baseAddress else { return }
                    let stored = StoredMatrix(
                        values: base + 1, encoding: type, outputs: 40, inputs: 512)
                    #expect(
                        !Self.multiply(x, rows: 2, by: stored, checks: true, level: level).isFinite)
                }
            }
        }
        for value in [Float.infinity, -.infinity, .nan] {
            x[512 + 77] = value
            sound.withStored {
                let y = Self.multiply(x, rows: 2, by: $0, level: level).y
                for number in y[..<40] { #expect(number.isFinite) }
                for number in y[40...] { #expect(!number.isFinite) }
            }
        }
    }

    @Test func rowsAreQuantizedAsTheReferenceSays() {
        var random = RandomSource(seed: Self.seed)
        for kind in Activations.allCases {
            let x = Self.activations(kind, rows: 3, inputs: 160, random: &random)
            for row in 0..<3 {
                let part = Array(x[row * 160..<(row + 1) * 160])
                let (values, scales) = QuantizedRows.reference(part)
                for (index, value) in part.enumerated() {
                    let error = abs(Float(values[index]) * scales[index / 32] - value)
                    #expect(error <= 0.5001 * scales[index / 32] + 1.5e-36)
                }
            }
        }
    }
}

extension RandomSource {
    /// In -1 ..< 1.
    fileprivate mutating func unit() -> Float {
        Float(Int32(truncatingIfNeeded: next() >> 32)) / 0x1p31
    }
}
