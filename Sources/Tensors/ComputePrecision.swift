/// The type that matrix products multiply in. Sums, norms, attention and the residual stream are
/// float32 either way; so are, in training, weights, their gradients and the optimizer.
public enum ComputePrecision: String, Sendable, CaseIterable, Codable {
    case float32, bfloat16
}
