import Tensors
import TestSupport
import Testing

/// Matrix products beside sums in double precision, for sizes that are no multiples of a kernel's.
struct ProductTests {
    struct Size: Sendable, CustomTestStringConvertible {
        let m, n, k: Int
        var testDescription: String { "\(m) x \(n) x \(k)" }
    }

    private static let sizes = [
        Size(m: 1, n: 1, k: 1), Size(m: 3, n: 33, k: 17), Size(m: 15, n: 300, k: 70),
        Size(m: 61, n: 40, k: 129), Size(m: 90, n: 577, k: 41), Size(m: 20, n: 24, k: 4099),
    ]

    private struct Case {
        let size: Size
        let a, b, c: [Float]

        init(_ size: Size, seed: UInt64) {
            var numbers = Numbers(seed: seed)
            self.size = size
            a = numbers.array(size.m * size.k)
            // Exact in bfloat16.
            b = numbers.array(size.n * size.k).map {
                Float(bitPattern: $0.bitPattern & 0xFFFF_0000)
            }
            c = numbers.array(size.m * size.n)
        }

        /// a B, or a B^T with B `[n, k]`, plus c if `accumulate`.
        func expected(transposed: Bool, accumulate: Bool) -> [Double] {
            var result: [Double] = []
            for row in 0..<size.m {
                for column in 0..<size.n {
                    var sum = accumulate ? Double(c[row * size.n + column]) : 0
                    for i in 0..<size.k {
                        let place = transposed ? column * size.k + i : i * size.n + column
                        sum += Double(a[row * size.k + i]) * Double(b[place])
                    }
                    result.append(sum)
                }
            }
            return result
        }

        func computed(transposed: Bool, accumulate: Bool, isHalf: Bool, threads: Int) -> [Float] {
            let backend = CPUBackend(threads: threads)
            let result = backend.buffer(c)
            let b = backend.buffer(b)
            backend.multiply(
                Operand(Value(backend.buffer(a))),
                Operand(Value(isHalf ? backend.narrowed(b) : b), transposed: transposed),
                m: size.m, n: size.n, k: size.k, factor: 1, into: result, accumulate: accumulate,
                precision: .float32)
            return result.array
        }
    }

    @Test(arguments: sizes) func productsOfAnySize(_ size: Size) {
        let numbers = Case(size, seed: 5)
        for transposed in [false, true] {
            for accumulate in [false, true] {
                let expected = numbers.expected(transposed: transposed, accumulate: accumulate)
                for isHalf in [false, true] {
                    for threads in [1, 3] {
                        let result = numbers.computed(
                            transposed: transposed, accumulate: accumulate, isHalf: isHalf,
                            threads: threads)
                        let worst = zip(result, expected).map { abs(Double($0) - $1) }.max() ?? 0
                        #expect(
                            worst <= 1e-6 * Double(size.k + 1),
                            "transposed \(transposed), bfloat16 \(isHalf), \(threads) threads")
                    }
                }
            }
        }
    }

    /// Products with a frozen weight in eight bits are near those in float32, in both directions, and
    /// do not depend on the number of threads.
    @Test func frozenWeightsInEightBits() {
        let (rows, inputs, outputs) = (37, 96, 160)
        var numbers = Numbers(seed: 7)
        let (x, w) = (numbers.array(rows * inputs), numbers.array(outputs * inputs))
        let seed = numbers.array(rows * outputs)
        func run(isQuantized: Bool, isHalf: Bool = false, threads: Int) -> [[Float]] {
            let backend = CPUBackend(threads: threads)
            let stored = backend.buffer(w)
            let weight = Parameter(
                name: "w", shape: [outputs, inputs],
                value: Value(isHalf ? backend.narrowed(stored) : stored), isTrained: false)
            if isQuantized { backend.quantize(weight) }
            let tape = Tape(backend: backend)
            let leaf = Tensor(
                shape: [rows, inputs], value: Value(backend.buffer(x)),
                slot: GradientSlot(count: x.count))
            let y = tape.linear(leaf, weight.tensor)
            let values = tape.values(y)
            tape.backward(from: y, seed: backend.buffer(seed))
            return [values, leaf.slot?.gradient?.array ?? []]
        }
        let exact = run(isQuantized: false, threads: 1)
        let rounded = run(isQuantized: true, threads: 1)
        #expect(rounded == run(isQuantized: true, threads: 3))
        for (got, want) in zip(
            rounded + run(isQuantized: true, isHalf: true, threads: 2), exact + exact)
        {
            let error = zip(got, want).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
            let length = want.reduce(0) { $0 + $1 * $1 }
            #expect(got.count == want.count && got != want)
            #expect(error <= 0.01 * 0.01 * length, "\(error) of \(length)")
        }
    }

    /// What only products read is rounded as they would round it.
    @Test func inputsOfProductsHaveTheirPrecision() {
        let backend = CPUBackend(threads: 2)
        var numbers = Numbers(seed: 6)
        let (x, w) = (numbers.array(6 * 40), numbers.array(40))
        func results(_ precision: ComputePrecision) -> [[Float]] {
            let tape = Tape(backend: backend, precision: precision, isRecording: false)
            let (gate, weight) = (tape.constant(x, shape: [6, 40]), tape.constant(w))
            let norm = tape.rmsNorm(gate, weight: weight, epsilon: 1e-5, feedsProducts: true)
            let activated = tape.swiglu(gate: gate, up: gate)
            return [norm, activated].map { $0.value.halves(backend).array }
        }
        #expect(results(.float32) == results(.bfloat16))
    }
}
