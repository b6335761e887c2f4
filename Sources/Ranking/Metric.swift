/// How the vectors of a collection are compared. It is fixed when the collection is created. Scores
/// are always higher for nearer vectors.
public enum Metric: String, Sendable, CaseIterable, Codable {
    /// Inner product: the score is q · d. For normalized vectors it equals the cosine. Meant for
    /// vectors of similar length: if lengths differ much, a graph finds short vectors less reliably
    /// than long ones.
    case innerProduct = "ip"
    /// Cosine: the score is q · d / (|q| |d|); 0 for a zero vector.
    case cosine
    /// Euclidean distance: the score is -|q - d|², so that higher is better here, too.
    case euclidean = "l2"
}
