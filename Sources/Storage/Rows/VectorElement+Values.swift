import Ranking

extension VectorElement {
    /// Whether all components of a vector are finite, even after conversion to this type.
    package func isFinite(_ vector: [Float]) -> Bool {
        // The sum of the components times zero is zero, unless one is infinite or NaN.
        let zero = vector.reduce(Float(0)) { $0 + $1 * 0 }
        guard zero == 0 else { return false }
        return self == .float32 || vector.allSatisfy { Float16($0).isFinite }
    }
}
