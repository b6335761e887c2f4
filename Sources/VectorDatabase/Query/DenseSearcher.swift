import DocumentStore
import VectorIndex

/// Finds the passages nearest to a vector in one snapshot.
struct DenseSearcher: Sendable {
    let snapshot: IndexSnapshot
    let store: DocumentStore
    let threads: Int

    /// The best `count` passages, best first, then by key; fewer only where no more match.
    func search(
        _ vector: [Float], count: Int, ef: Int?, isExact: Bool, allowed: LabelFilter?,
        cost: inout SearchCost
    ) throws -> [Candidate] {
        var candidates: [Candidate] = []
        func scan(_ keys: [Int64], _ values: [Float]) {
            for (row, key) in keys.enumerated() {
                if let allowed, !allowed.contains(key) { continue }
                if snapshot.deleted.contains(key) { continue }
                cost.distanceComputations += 1
                let start = row * vector.count
                var score = 0.0
                var norms = (0.0, 0.0)
                for index in 0..<vector.count {
                    let (a, b) = (Double(vector[index]), Double(values[start + index]))
                    switch snapshot.record.metric {
                    case .innerProduct, .cosine: score += a * b
                    case .l2: score -= (a - b) * (a - b)
                    }
                    norms.0 += a * a
                    norms.1 += b * b
                }
                if snapshot.record.metric == .cosine {
                    let product = (norms.0 * norms.1).squareRoot()
                    score = product > 0 ? score / product : 0
                }
                candidates.append(Candidate(key: key, score: score))
            }
        }
        for segment in snapshot.tail { scan(segment.keys, segment.values) }
        cost.tailRows = snapshot.tailRows
        candidates.sort { ($1.score, $0.key) < ($0.score, $1.key) }
        return Array(candidates.prefix(count))
    }
}
