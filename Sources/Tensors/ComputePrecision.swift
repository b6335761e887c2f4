/// The element type of the factors of matrix products. Sums, norms, attention and the residual
/// stream are float32 in either case, as are weights, gradients and the optimizer in training.
public enum ComputePrecision: String, Sendable, CaseIterable, Codable {
    case float32, bfloat16
}

extension ComputePrecision {
    /// The least side of a product in bfloat16: converting the operands of smaller ones, such as those
    /// with LoRA's least ranks, costs more than it saves.
    static let leastSide = 16

    /// The precision of products whose inputs have so many columns.
    func ofProducts(columns: Int) -> ComputePrecision {
        columns < Self.leastSide ? .float32 : self
    }
}

/// The arithmetic of products with weights that are not trained, if it is not that of the others.
public enum FrozenPrecision: String, Sendable, CaseIterable, Codable {
    /// Weights in blocks of 32 with one scale (Q8_0), and what multiplies them, activations and
    /// gradients, rounded in the same way: sums of integers within a block, float32 across blocks.
    case int8
}
