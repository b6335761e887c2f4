import VectorMath

/// Finds the nodes of which a vector is a near copy: its codes differ from theirs by no more than four
/// units in the root mean square (at 384 dimensions a cosine of about .996).
///
/// Codes hardly tell near copies apart. As nodes of their own, ten thousand of them fill one another's
/// lists, those with the longest codes take all links, and a walk that comes near finds neither the
/// best of them nor what lies around. So they join one node, and exact scores tell them apart.
/// (10,000 near copies among 30,000 x 48, queries beside them, ef 100: recall@10 .98 against .59, by
/// 826 distances against 1,043; among 20,000 x 384: .99 against .13.)
struct NearCopies {
    /// The greatest mean squared difference of codes.
    static let squaredUnits: Float = 16
    /// Candidates that are looked at: a near copy is among the nearest.
    private static let most = 4

    private let query: QueryVector
    private let rows: VectorRows
    /// The greatest squared Euclidean distance of a near copy.
    private let radius: Float
    /// The greatest distance, as the graph measures it, that a near copy can have.
    private let bound: Float

    init(of query: QueryVector, _ rows: VectorRows) {
        (self.query, self.rows) = (query, rows)
        radius = Self.squaredUnits * Float(query.dimensions) * query.scale * query.scale
        if rows.metric == .euclidean {
            bound = radius
        } else {
            // A near copy is at least so long.
            let shortest = max(0, query.squaredNorm.squareRoot() - radius.squareRoot())
            bound = (radius - query.squaredNorm - shortest * shortest) / 2
        }
    }

    /// Near copies among the first of `candidates`, which are of layer 0, nearest first.
    func among(_ candidates: [NeighborSelection.Candidate]) -> [UInt32] {
        guard rows.quantization == .int8 else { return [] }
        return candidates.prefix(Self.most).filter { isNear($0.node, $0.distance) }.map(\.node)
    }

    /// Whether the vector is a near copy of a node.
    func isNear(_ slot: UInt32) -> Bool {
        var distance: Float = 0
        var integer: Int32 = 0
        withUnsafePointer(to: slot) {
            rows.distances(from: query, to: $0, count: 1, integers: &integer, into: &distance)
        }
        return isNear(slot, distance)
    }

    private func isNear(_ slot: UInt32, _ distance: Float) -> Bool {
        guard distance <= bound else { return false }
        if rows.metric == .euclidean { return true }
        return query.squaredNorm + rows.squaredNorm(slot) + 2 * distance <= radius
    }

    /// The factor of a node's scale in the errors of its labels' scores, if some are near copies: their
    /// differences add to the rounding, which has a variance of 1 / 12.
    static let scaleFactor = (1 + 12 * squaredUnits).squareRoot()
}
