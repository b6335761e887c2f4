import Tensors
import VectorMath

/// What a LoRA adapter adds to a linear layer: W' = W + scale B A (Hu et al. 2021, equation 3).
package struct LowRankChange: Sendable {
    /// [rank, inputs]
    package let a: TensorView
    /// [outputs, rank]
    package let b: TensorView
    package let scale: Float

    /// - Precondition: both are matrices of weights, with the same rank.
    package init(a: TensorView, b: TensorView, scale: Float) {
        precondition(a.shape.count == 2 && b.shape.count == 2 && a.shape[0] == b.shape[1])
        (self.a, self.b, self.scale) = (a, b, scale)
    }

    /// Of the weights that it changes, [outputs, inputs].
    package var shape: [Int] { [b.shape[0], a.shape[1]] }

    /// W', summed in float32 and rounded once, to what products with it read.
    func applied(to weight: TensorView, precision: Precision) -> TensorView {
        let (outputs, inputs, rank) = (b.shape[0], a.shape[1], a.shape[0])
        var sum = weight.floats()
        guard let values = a.bytes.baseAddress else { return weight }
        let scaled = b.floats().withUnsafeBufferPointer { b in b.map { $0 * scale } }
        var scratch = [Float](repeating: 0, count: LinearLayer.scratchCount(inputs: rank))
        LinearLayer.multiply(
            scaled, stride: rank, rows: outputs,
            byTransposed: StoredMatrix(
                values: values, encoding: a.encoding, outputs: rank, inputs: inputs),
            into: &sum, stride: inputs, accumulate: true, scratch: &scratch)
        let memory: AlignedMemory
        switch precision {
        case .float32:
            memory = AlignedMemory(byteCount: sum.count * 4)
            sum.withUnsafeBytes {
                UnsafeMutableRawBufferPointer(start: memory.base, count: $0.count).copyMemory(
                    from: $0)
            }
        case .bfloat16:
            // One more where their number is odd: the kernel pads with a zero.
            memory = AlignedMemory(byteCount: (sum.count + 1) * 2)
            TransformerRows.narrow(
                sum, stride: sum.count, rows: 1, width: sum.count,
                into: memory.base.assumingMemoryBound(to: UInt16.self), stride: sum.count)
        }
        let type: ElementType = precision == .float32 ? .float32 : .bfloat16
        return TensorView(
            name: weight.name, shape: weight.shape, elementType: type,
            bytes: UnsafeRawBufferPointer(start: memory.base, count: sum.count * type.size),
            owner: memory)
    }
}
