/// The element type of the factors of matrix products. Sums, norms, attention and the residual
/// stream are float32 in either case, as are weights, gradients and the optimizer in training.
public enum ComputePrecision: String, Sendable, CaseIterable, Codable {
    case float32, bfloat16
}
