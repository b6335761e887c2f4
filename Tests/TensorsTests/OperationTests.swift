import Foundation
import Tensors
import Testing

/// Every operation's backward pass against finite differences.
struct OperationTests {
    private func random(_ shape: Int..., seed: UInt64) -> (shape: [Int], values: [Float]) {
        var numbers = Numbers(seed: seed)
        return (shape, numbers.array(shape.reduce(1, *)))
    }

    @Test func linear() {
        checkGradients([
            random(5, 7, seed: 1), random(3, 7, seed: 2), random(3, seed: 3),
        ]) { $0.linear($1[0], $1[1], bias: $1[2]) }
    }

    @Test func linearUsedTwiceAddsItsGradients() {
        checkGradients([random(4, 3, seed: 1), random(3, 3, seed: 2)]) {
            $0.linear($0.linear($1[0], $1[1]), $1[1])
        }
    }

    @Test func lowRank() {
        checkGradients([
            random(4, 6, seed: 1), random(5, 6, seed: 2), random(2, 6, seed: 3),
            random(5, 2, seed: 4),
        ]) { tape, x in
            let dropped = tape.dropout(x[0], Dropout(rate: 0.3, seed: 8))
            return tape.linear(
                x[0], x[1], lowRank: .init(dropped, a: x[2], b: x[3], scale: 2))
        }
    }

    @Test func embeddingAddsRepeatedRows() {
        checkGradients([random(6, 4, seed: 1)]) { $0.embedding([3, 0, 3, 5, 3], $1[0]) }
    }

    @Test func gatherAndStack() {
        checkGradients([random(4, 3, seed: 1), random(2, 3, seed: 2)]) {
            $0.gather($0.stacked($1[0], $1[1]), rows: [5, 1, 1, 0, 4])
        }
    }

    @Test func addition() {
        checkGradients([random(4, 3, seed: 1), random(4, 3, seed: 2)]) {
            $0.add($0.add($1[0], $1[1]), $1[0], times: -0.7)
        }
    }

    @Test func rmsNorm() {
        checkGradients([random(5, 8, seed: 1), random(8, seed: 2)]) {
            $0.rmsNorm($1[0], weight: $1[1], epsilon: 1e-5)
        }
    }

    @Test func rmsNormOfHeads() {
        checkGradients([random(3, 8, seed: 1), random(4, seed: 2)]) {
            $0.rmsNorm($1[0], weight: $1[1], epsilon: 1e-6)
        }
    }

    @Test func swiglu() {
        checkGradients([random(3, 5, seed: 1), random(3, 5, seed: 2)]) {
            $0.swiglu(gate: $1[0], up: $1[1])
        }
    }

    @Test func rotary() {
        let table = RotaryTable(inverseFrequencies: [1, 0.1], factor: 1.3, positions: 8)
        checkGradients([random(3, 8, seed: 1)]) {
            $0.rotary($1[0], positions: [0, 2, 7], table: table)
        }
    }

    @Test(arguments: [nil, 3] as [Int?])
    func attention(window: Int?) {
        let layout = SequenceLayout(lengths: [1, 6, 0, 3])
        let shape = AttentionShape(heads: 4, keyValueHeads: 2, headDimension: 2, window: window)
        checkGradients([
            random(10, 8, seed: 1), random(10, 4, seed: 2), random(10, 4, seed: 3),
        ]) {
            $0.attention(query: $1[0], key: $1[1], value: $1[2], layout: layout, shape: shape)
        }
    }

    /// The last rows of each sequence as queries give what they give among all.
    @Test(arguments: [nil, 3] as [Int?])
    func attentionOfTheLastQueries(window: Int?) {
        let layout = SequenceLayout(lengths: [2, 7, 4])
        let shape = AttentionShape(heads: 4, keyValueHeads: 2, headDimension: 2, window: window)
        let rows: [Int32] = [0, 1, 7, 8, 11, 12]
        let (q, k, v) = (
            random(13, 8, seed: 1), random(13, 4, seed: 2), random(13, 4, seed: 3)
        )
        checkGradients([q, k, v]) {
            $0.attention(
                query: $0.gather($1[0], rows: rows), key: $1[1], value: $1[2], layout: layout,
                shape: shape, lastQueries: 2)
        }
        let tape = Tape(backend: CPUBackend(threads: 2))
        let (query, key, value) = (
            tape.constant(q.values, shape: q.shape), tape.constant(k.values, shape: k.shape),
            tape.constant(v.values, shape: v.shape)
        )
        let all = tape.attention(
            query: query, key: key, value: value, layout: layout, shape: shape)
        let last = tape.attention(
            query: tape.gather(query, rows: rows), key: key, value: value, layout: layout,
            shape: shape, lastQueries: 2)
        for (got, want) in zip(tape.values(last), tape.values(tape.gather(all, rows: rows))) {
            #expect(abs(got - want) < 1e-6)
        }
    }

    @Test func appended() {
        let layout = SequenceLayout(lengths: [2, 5, 3])
        let constant = random(4, 3, seed: 2)
        checkGradients([random(6, 3, seed: 1)]) {
            $0.appended(
                $1[0], to: $0.constant(constant.values, shape: constant.shape), layout: layout)
        }
        let tape = Tape(backend: CPUBackend(threads: 1))
        let y = tape.appended(
            tape.constant([1, 2, 3, 4, 5, 6], shape: [6, 1]),
            to: tape.constant([-1, -2, -3, -4], shape: [4, 1]), layout: layout)
        #expect(tape.values(y) == [1, 2, -1, -2, -3, 3, 4, -4, 5, 6])
    }

    @Test func meanSquaredDifference() {
        let target = random(3, 5, seed: 2).values
        checkGradients([random(3, 5, seed: 1)]) {
            $0.meanSquaredDifference($1[0], from: target)
        }
        let tape = Tape(backend: CPUBackend(threads: 1))
        let y = tape.meanSquaredDifference(
            tape.constant([1, 2, 3, 4], shape: [2, 2]), from: [0, 0, 1, 1])
        #expect(tape.values(y) == [2.5, 6.5])
    }

    /// Longer than a block of queries, against the plain formula.
    @Test(arguments: [nil, 50] as [Int?])
    func attentionInBlocks(window: Int?) {
        let (length, dimension) = (150, 4)
        let (q, k, v) = (
            random(length, dimension, seed: 4), random(length, dimension, seed: 5),
            random(length, dimension, seed: 6)
        )
        let backend = CPUBackend(threads: 2)
        let tape = Tape(backend: backend)
        let output = tape.attention(
            query: tape.constant(q.values, shape: q.shape),
            key: tape.constant(k.values, shape: k.shape),
            value: tape.constant(v.values, shape: v.shape),
            layout: SequenceLayout(lengths: [length]),
            shape: AttentionShape(
                heads: 1, keyValueHeads: 1, headDimension: dimension, window: window))
        let values = tape.values(output)
        for i in 0..<length {
            let first = window.map { max(0, i + 1 - $0) } ?? 0
            let scores = (first...i).map { j in
                (0..<dimension).reduce(Float(0)) {
                    $0 + q.values[i * dimension + $1] * k.values[j * dimension + $1]
                } / 2
            }
            let weights = scores.map { Double($0).exponential }
            let sum = weights.reduce(0, +)
            for c in 0..<dimension {
                let want = zip(first...i, weights).reduce(0.0) {
                    $0 + $1.1 / sum * Double(v.values[$1.0 * dimension + c])
                }
                #expect(abs(Double(values[i * dimension + c]) - want) < 1e-5)
            }
        }
    }

    /// Its gradient is computed in the forward pass.
    @Test func logProbabilityOfAFrozenProjection() {
        let weight = random(9, 4, seed: 2)
        checkGradients([random(5, 4, seed: 1)]) {
            $0.logProbability(
                $1[0], weight: $0.constant(weight.values, shape: weight.shape),
                targets: [0, 8, 3, 3, 5])
        }
    }

    @Test func logProbability() {
        checkGradients([random(5, 4, seed: 1), random(9, 4, seed: 2)]) {
            $0.logProbability($1[0], weight: $1[1], targets: [0, 8, 3, 3, 5])
        }
    }

    @Test(arguments: [false, true])
    func divergence(isSymmetric: Bool) {
        let weight = random(9, 4, seed: 3)
        checkGradients([random(5, 4, seed: 1), random(5, 4, seed: 2)]) { tape, x in
            tape.divergence(
                x[0], x[1], weight: tape.constant(weight.values, shape: [9, 4]),
                isSymmetric: isSymmetric)
        }
    }

    @Test(arguments: [false, true])
    func segments(mean: Bool) {
        checkGradients([random(6, 3, seed: 1)]) {
            $0.segments($1[0], offsets: [0, 2, 2, 6], mean: mean)
        }
    }

    @Test func segmentDifferences() {
        checkGradients([random(6, seed: 1)]) {
            $0.segmentDifferences(
                $1[0], offsets: [0, 2, 3, 6], pairs: [(0, 1), (2, 0), (1, 1)],
                constants: [0.5, 0, 1])
        }
        let tape = Tape(backend: CPUBackend(threads: 1))
        let y = tape.segmentDifferences(
            tape.constant([1e7, 0.25, 1e7]), offsets: [0, 2, 3], pairs: [(0, 1)],
            constants: [0.125])
        #expect(tape.values(y) == [0.125])
    }

    @Test func normalized() {
        checkGradients([random(3, 5, seed: 1)]) { $0.normalized($1[0]) }
    }

    @Test func scalars() {
        let x = random(6, seed: 5)
        checkGradients([x]) { $0.scaled($1[0], by: -3) }
        checkGradients([x]) { $0.absolute($1[0]) }
        checkGradients([x]) { $0.sigmoid($1[0]) }
        checkGradients([x]) { $0.hyperbolicTangent($1[0]) }
        checkGradients([x]) { $0.logSigmoid($1[0]) }
        checkGradients([x]) { $0.subtracting($1[0], [1, 2, 3, 4, 5, 6]) }
        checkGradients([x]) { $0.picked($1[0], [2, 2, 0]) }
        checkGradients([x]) { $0.weightedSum($1[0], [1, -1, 2, 0, 0.5, 3]) }
        checkGradients([x]) {
            $0.negativeLogLikelihood($1[0], candidates: [[1, 0, 2], [4, 1], [3]])
        }
    }

    @Test func products() {
        checkGradients([random(3, 4, seed: 1), random(5, 4, seed: 2)]) { tape, x in
            tape.innerProducts(x[0], x[1])
        }
    }

    @Test func checkpointGivesTheSameGradients() {
        let (x, w) = (random(4, 5, seed: 1), random(5, 5, seed: 2))
        func gradients(checkpointed: Bool) -> [[Float]] {
            let backend = CPUBackend(threads: 2)
            let tape = Tape(backend: backend)
            let leaves = [x, w].map {
                Tensor(
                    shape: $0.shape, value: Value(backend.buffer($0.values)),
                    slot: GradientSlot(count: $0.values.count))
            }
            let body = { (tape: Tape, input: Tensor) in
                tape.add(input, tape.swiglu(gate: tape.linear(input, leaves[1]), up: input))
            }
            var y = leaves[0]
            for _ in 0..<3 { y = checkpointed ? tape.checkpoint(y, body) : body(tape, y) }
            tape.backward(from: y)
            return leaves.map { $0.slot?.gradient?.array ?? [] }
        }
        #expect(gradients(checkpointed: true) == gradients(checkpointed: false))
    }

    @Test func constantsRecordNothing() {
        let tape = Tape(backend: CPUBackend(threads: 1))
        let y = tape.linear(
            tape.constant([1, 2], shape: [1, 2]), tape.constant([3, 4], shape: [1, 2]))
        #expect(!y.needsGradient)
        #expect(tape.values(y) == [11])
    }

    @Test func resultsDoNotDependOnTheNumberOfThreads() {
        func run(_ threads: Int) -> [Float] {
            let backend = CPUBackend(threads: threads)
            let tape = Tape(backend: backend)
            let weight = Tensor(
                shape: [16], value: Value(backend.buffer([Float](repeating: 1, count: 16))),
                slot: GradientSlot(count: 16))
            var numbers = Numbers(seed: 3)
            let x = tape.constant(numbers.array(20_000 * 16), shape: [20_000, 16])
            tape.backward(from: tape.rmsNorm(x, weight: weight, epsilon: 1e-5))
            return weight.slot?.gradient?.array ?? []
        }
        #expect(run(1) == run(2))
        #expect(run(1) == run(3))
    }
}

extension Double {
    fileprivate var exponential: Double { exp(self) }
}
