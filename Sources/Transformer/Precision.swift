/// The type that matrix products multiply in. Sums, norms, attention and the residual stream are
/// float32 either way.
package enum Precision: String, Sendable, CaseIterable {
    case float32, bfloat16
}
