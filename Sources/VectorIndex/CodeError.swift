import VectorMath

/// How far distances between 8-bit codes can be from those between the vectors, and so which
/// candidates may be among the best by exact scores.
///
/// Rounding makes each component of a code wrong by an error of variance scale^2 / 12. An inner
/// product of a query q and a row x is then wrong with variance (|q|^2 scale(x)^2 + |x|^2
/// scale(q)^2) / 12, and the difference of two such products with the sum of two variances. A squared
/// distance holds the product twice.
struct CodeError {
    private let distance: Float
    /// The part of the allowed square that is the same for every candidate.
    private let shared: Float
    /// What the square of a candidate's scale adds to it.
    private let slope: Float

    /// - Parameters:
    ///   - last: the k-th best by the codes.
    ///   - deviations: how many standard deviations of a difference are allowed for.
    init(
        behind last: NeighborSelection.Candidate, deviations: Float, query: QueryVector,
        rows: VectorRows
    ) {
        let factor: Float = rows.metric == .euclidean ? 2 : 1
        let allowed = deviations * deviations * factor * factor / 12
        let scale = Int8Codes.value(ofScale: rows.scales[Int(last.node)])
        distance = last.distance
        slope = allowed * query.squaredNorm
        shared =
            slope * scale * scale
            + allowed * 2 * rows.squaredNorm(last.node) * query.scale * query.scale
    }

    /// Whether a candidate may be nearer than the k-th by their exact scores.
    @inline(__always)
    func mayPrecede(_ distance: Float, scale: Float) -> Bool {
        let excess = distance - self.distance
        return excess <= 0 || excess * excess <= shared + slope * scale * scale
    }
}
