import Tensors
import TestSupport
import Testing

/// Numbers for tensors: the same for the same seed.
struct Numbers {
    private var random: RandomSource
    init(seed: UInt64) { random = RandomSource(seed: seed) }

    /// Evenly from -1 to 1.
    mutating func next() -> Float { Float.random(in: -1..<1, using: &random) }

    mutating func array(_ count: Int) -> [Float] { (0..<count).map { _ in next() } }
}

/// Compares an operation's gradients with central differences of sum(y * weights), weights random.
///
/// `margin` is the greatest difference allowed, relative to the largest gradient of the input.
func checkGradients(
    _ inputs: [(shape: [Int], values: [Float])], step: Float = 1e-2, margin: Float = 5e-3,
    threads: Int = 2, sourceLocation: SourceLocation = #_sourceLocation,
    _ operation: (Tape, [Tensor]) -> Tensor
) {
    let backend = CPUBackend(threads: threads)
    var numbers = Numbers(seed: 99)
    func leaf(_ input: (shape: [Int], values: [Float]), slot: Bool) -> Tensor {
        Tensor(
            shape: input.shape, value: Value(backend.buffer(input.values)),
            slot: slot ? GradientSlot(count: input.values.count) : nil)
    }
    let tape = Tape(backend: backend)
    let leaves = inputs.map { leaf($0, slot: true) }
    let output = operation(tape, leaves)
    let weights = numbers.array(output.count)
    tape.backward(from: output, seed: backend.buffer(weights))

    func loss(_ values: [[Float]]) -> Double {
        let tape = Tape(backend: backend, isRecording: false)
        let tensors = zip(inputs, values).map { leaf(($0.shape, $1), slot: false) }
        let y = tape.values(operation(tape, tensors))
        return zip(y, weights).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
    }
    for (index, input) in inputs.enumerated() {
        let gradient = leaves[index].slot?.gradient?.array
        guard let gradient else {
            Issue.record("input \(index) got no gradient", sourceLocation: sourceLocation)
            continue
        }
        var values = inputs.map(\.values)
        let largest = max(1e-3, gradient.map(abs).max() ?? 0)
        for place in input.values.indices {
            values[index][place] = input.values[place] + step
            let above = loss(values)
            values[index][place] = input.values[place] - step
            let below = loss(values)
            values[index][place] = input.values[place]
            let numeric = Float((above - below) / (2 * Double(step)))
            #expect(
                abs(numeric - gradient[place]) <= margin * largest,
                "input \(index), value \(place): \(gradient[place]), by differences \(numeric)",
                sourceLocation: sourceLocation)
        }
    }
}
