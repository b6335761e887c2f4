/// How two vectors of a collection are compared. Fixed when the collection is made. Scores are always
/// higher for nearer vectors.
public enum Metric: String, Sendable, CaseIterable, Codable {
    /// Inner product; score is q · d. On normalized vectors it equals the cosine. Meant for vectors
    /// of about equal length: if lengths differ much, a graph finds the long ones well and the
    /// others less so.
    case innerProduct = "ip"
    /// Score is q · d / (|q| |d|); of a zero vector, 0.
    case cosine
    /// Euclidean; score is -|q - d|², so that higher is better here, too.
    case euclidean = "l2"
}
