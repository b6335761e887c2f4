/// Records a computation, and runs it backward for its gradients.
///
/// Every operation is a method on the tape, in a file of its own: the forward pass, and directly
/// below it the closure that turns the output's gradient into the inputs'. A closure keeps only the
/// values it needs; it is released as soon as it has run, so that its memory can be reused.
///
/// Gradients are accumulated in a fixed order, so that they do not depend on the timing of threads.
package final class Tape {
    package let backend: any Backend
    /// The precision of matrix products. Everything else is float32.
    package let precision: ComputePrecision
    /// If false, nothing is kept: for results that need no gradient.
    package let isRecording: Bool
    private var steps: [() -> Void] = []
    /// Values created since the innermost block began; nil outside of blocks.
    private var open: [WeakValue]?

    package init(
        backend: any Backend, precision: ComputePrecision = .float32, isRecording: Bool = true
    ) {
        self.backend = backend
        self.precision = precision
        self.isRecording = isRecording
    }

    /// An operation's result. It has a gradient if one of its inputs has; `backward` is then called
    /// with the gradient if there is one.
    package func result(
        shape: [Int], _ values: Buffer, from inputs: [Tensor], recompute: (() -> Buffer)? = nil,
        backward: @escaping (_ gradient: Buffer) -> Void
    ) -> Tensor {
        result(
            shape: shape, Value(values, recompute: recompute), from: inputs, backward: backward)
    }

    /// The same for an operation whose backward pass reads its own result.
    package func result(
        shape: [Int], _ value: Value, from inputs: [Tensor],
        backward: @escaping (_ gradient: Buffer) -> Void
    ) -> Tensor {
        guard isRecording, inputs.contains(where: \.needsGradient) else {
            return Tensor(shape: shape, value: value, slot: nil)
        }
        open?.append(WeakValue(value: value))
        let slot = GradientSlot(count: value.count)
        steps.append { if let gradient = slot.take() { backward(gradient) } }
        return Tensor(shape: shape, value: value, slot: slot)
    }

    /// Lets the innermost block keep a value of an operation, which is not its result, in the least
    /// memory.
    func keep(_ value: Value) { open?.append(WeakValue(value: value)) }

    package func constant(_ values: [Float], shape: [Int]? = nil) -> Tensor {
        let buffer = backend.buffer(values)
        return Tensor(shape: shape ?? [values.count], value: Value(buffer), slot: nil)
    }

    /// Runs a part of the forward pass of whose values, including its input, only the result is
    /// read afterwards; values that the backward pass needs are kept in the least memory.
    package func block(_ input: Tensor, _ body: (Tensor) -> Tensor) -> Tensor {
        guard isRecording, input.needsGradient else { return body(input) }
        let outer = open
        open = [WeakValue(value: input.value)]
        let output = body(input)
        for value in (open ?? []).compactMap(\.value) where value !== output.value {
            value.settle(backend, precision)
        }
        open = outer
        open?.append(WeakValue(value: output.value))
        return output
    }

    package func values(_ tensor: Tensor) -> [Float] { tensor.value.floats(backend).array }

    /// Backpropagates from `root`, whose gradient is `seed` (ones by default), and empties the
    /// tape. Gradients end up in the slots of tensors that no operation on the tape produced:
    /// parameters and leaves.
    package func backward(from root: Tensor, seed: Buffer? = nil) {
        guard let slot = root.slot else { return }
        slot.add(
            seed ?? backend.buffer([Float](repeating: 1, count: root.count)), backend)
        while let step = steps.popLast() { step() }
    }

    /// Gradient checkpointing (Chen et al. 2016): runs `body` without recording, and again with
    /// recording when its gradient is needed, which trades time for memory. `body` must compute the
    /// same both times.
    package func checkpoint(_ input: Tensor, _ body: @escaping (Tape, Tensor) -> Tensor) -> Tensor {
        guard isRecording else { return body(self, input) }
        let silent = Tape(backend: backend, precision: precision, isRecording: false)
        let output = body(silent, input.detached)
        let slot = GradientSlot(count: output.count)
        steps.append { [backend, precision] in
            guard let gradient = slot.take() else { return }
            let again = Tape(backend: backend, precision: precision)
            let leaf = Tensor(
                shape: input.shape, value: input.value,
                slot: input.slot.map { _ in GradientSlot(count: input.count) })
            again.backward(from: body(again, leaf), seed: gradient)
            if let gathered = leaf.slot?.take() { input.slot?.add(gathered, backend) }
        }
        return Tensor(shape: output.shape, value: output.value, slot: slot)
    }
}

private struct WeakValue {
    weak var value: Value?
}
