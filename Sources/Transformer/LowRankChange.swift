import Tensors
import VectorMath

/// A LoRA adapter's change of a linear layer: W' = W + scale B A (Hu et al. 2021, equation 3).
package struct LowRankChange: Sendable {
    /// `[rank, inputs]`
    package let a: TensorView
    /// `[outputs, rank]`
    package let b: TensorView
    package let scale: Float

    /// - Precondition: both are matrices of weights, with the same rank.
    package init(a: TensorView, b: TensorView, scale: Float) {
        precondition(a.shape.count == 2 && b.shape.count == 2 && a.shape[0] == b.shape[1])
        (self.a, self.b, self.scale) = (a, b, scale)
    }

    /// The shape of the weights that it changes, `[outputs, inputs]`.
    package var shape: [Int] { [b.shape[0], a.shape[1]] }

    /// Computes W' in float32, rounded once to the type that products read.
    package func applied(
        to weight: TensorView, precision: ComputePrecision, using workspace: LowRankWorkspace
    ) -> TensorView {
        let (outputs, inputs, rank) = (b.shape[0], a.shape[1], a.shape[0])
        let (count, depth) = (outputs * inputs, outputs * rank)
        guard count > 0, let values = a.bytes.baseAddress else { return weight }
        let type: ElementType = precision == .float32 ? .float32 : .bfloat16
        // One extra element: the kernel pads an odd number of bfloat16 values with a zero.
        let memory = AlignedMemory(uninitializedByteCount: (count + 1) * type.size)
        if precision == .bfloat16 { workspace.sum.reserve(count) }
        workspace.scaled.reserve(depth)
        workspace.kernel.reserve(LinearLayer.scratchCount(inputs: rank))
        let sum =
            precision == .float32
            ? memory.base.bindMemory(to: Float.self, capacity: count) : workspace.sum.pointer
        let scaled = workspace.scaled.pointer
        weight.copyFloats(0..<count, to: .init(start: sum, count: count))
        b.copyFloats(0..<depth, to: .init(start: scaled, count: depth))
        for index in 0..<depth { scaled[index] *= scale }
        LinearLayer.multiply(
            scaled, stride: rank, rows: outputs,
            byTransposed: StoredMatrix(
                values: values, encoding: a.encoding, outputs: rank, inputs: inputs),
            into: sum, stride: inputs, accumulate: true, scratch: workspace.kernel.pointer)
        if precision == .bfloat16 {
            TransformerRows.narrow(
                sum, stride: count, rows: 1, width: count,
                into: memory.base.assumingMemoryBound(to: UInt16.self), stride: count)
        }
        return TensorView(
            name: weight.name, shape: weight.shape, elementType: type,
            bytes: UnsafeRawBufferPointer(start: memory.base, count: count * type.size),
            owner: memory)
    }
}

/// Memory for applying changes, reused from one weight to the next, because allocating new pages
/// would take half of the time. For one thread at a time.
package final class LowRankWorkspace: @unchecked Sendable {
    package init() {}

    /// `[outputs, inputs]`
    fileprivate let sum = Scratch<Float>()
    /// `[outputs, rank]`
    fileprivate let scaled = Scratch<Float>()
    fileprivate let kernel = Scratch<Float>()
}
