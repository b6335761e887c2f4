import VectorMath

/// Estimates the error of distances between 8-bit codes, and so decides which candidates may be
/// among the best by exact scores.
///
/// Rounding gives each component an error of variance scale^2 / 12. The inner product of a query q
/// and a row x then has an error of variance (|q|^2 scale(x)^2 + |x|^2 scale(q)^2) / 12; for the
/// difference of two products the variances add up. A squared distance contains the product twice.
struct CodeError {
    private let distance: Float
    /// The part of the allowed squared excess that is the same for every candidate.
    private let shared: Float
    /// The factor of a candidate's squared scale in the allowed squared excess.
    private let slope: Float

    /// - Parameters:
    ///   - last: the k-th best candidate by the codes.
    ///   - scale: its scale.
    ///   - deviations: the number of standard deviations of a difference to allow for.
    init(
        behind last: NeighborSelection.Candidate, scale: Float, deviations: Float,
        query: QueryVector, rows: VectorRows
    ) {
        let factor: Float = rows.metric == .euclidean ? 2 : 1
        let allowed = deviations * deviations * factor * factor / 12
        distance = last.distance
        slope = allowed * query.squaredNorm
        shared =
            slope * scale * scale
            + allowed * 2 * rows.squaredNorm(last.node) * query.scale * query.scale
    }

    /// Whether a candidate may be nearer than the k-th by exact scores.
    @inline(__always)
    func mayPrecede(_ distance: Float, scale: Float) -> Bool {
        let excess = distance - self.distance
        return excess <= 0 || excess * excess <= shared + slope * scale * scale
    }
}
