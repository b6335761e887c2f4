import PostgresStore
import Storage
import VectorDatabase
import VectorIndex

/// Finds documents in a collection in PostgreSQL.
struct PostgresRetriever: Retriever {
    let store: PostgresStore
    let record: CollectionRecord
    let filter: MetadataPredicate?
    let matchingPassages: Int?

    /// The number of passages beyond the limit after which a tie is left unresolved.
    private static let largestTie = 16_384
    /// How many times the passages that are wanted the server is asked for: it orders them by 16-bit
    /// floats, or in its own arithmetic.
    private static let surplus = 3

    init(store: PostgresStore, record: CollectionRecord, filter: MetadataPredicate?) throws {
        self.store = store
        self.record = record
        self.filter = filter
        matchingPassages = try filter.map { try store.fewPassages(where: $0, in: record) } ?? nil
    }

    /// A document counts once, by its best passage, so k documents may need many more passages; and
    /// documents of equal score are ordered by id, so all of them must be seen. So the search is repeated
    /// with twice as many passages until the k-th document is certain.
    func dense(
        _ vector: [Float], depth: Int, ef: Int?, isExact: Bool
    ) throws -> Candidates {
        var found = Candidates()
        if matchingPassages == 0 || depth < 1 { return found }
        // Of few that match, every one is compared.
        let isExact = isExact || matchingPassages != nil
        let ratio = max(1, record.passageCount / max(1, record.documentCount))
        found.cost.rowsAreTheIndexes = !isExact
        if isExact { found.cost.tailRows = matchingPassages ?? record.passageCount }
        if ef != nil, !isExact { found.cost.placesWithoutEf = store.farPlaceCount(of: record) }
        var count = Self.surplus * depth * min(ratio, 8)
        while true {
            let near = try store.nearest(
                to: vector, limit: count,
                by: isExact
                    ? .exact : .graph(ef: max(ef ?? IndexParameters.defaultEf, min(depth, count))),
                where: filter, in: record)
            let scores = try scores(of: near, vector)
            found.cost.distanceComputations +=
                isExact ? matchingPassages ?? record.passageCount : near.passages.count
            found.documents = Self.documents(near, scores)
            let enough = found.documents.count >= depth
            if near.unfinished.isEmpty || enough && count > depth + Self.largestTie { break }
            // What was not returned is not nearer than the farthest that was returned of its place.
            let bound = bound(near, scores, vector, isExact: isExact)
            if enough, found.documents[depth - 1].score > bound { break }
            count *= 2
        }
        found.documents = Array(found.documents.prefix(depth))
        return found
    }

    /// The scores by passage, in the arithmetic of the exact search over files.
    private func scores(
        of near: NearestPassages, _ vector: [Float]
    ) throws -> [Int64: Double] {
        var batch = VectorBatch(dimensions: record.dimensions)
        batch.keys = near.passages.map(\.key)
        batch.values = near.values
        let rows = try TailSegment(batch, metric: record.metric)
        let scored = try ExactSearch.search(
            vector, in: rows.vectors, metric: record.metric, k: batch.count)
        withExtendedLifetime(rows) {}
        return Dictionary(scored.map { ($0.key, $0.score) }) { first, _ in first }
    }

    /// The best passage of each document; of equal ones the oldest.
    private static func documents(
        _ near: NearestPassages, _ scores: [Int64: Double]
    ) -> [Candidate] {
        var best: [Int64: Candidate] = [:]
        for passage in near.passages {
            guard let score = scores[passage.key] else { continue }
            if let known = best[passage.documentKey],
                known.score > score || known.score == score && known.passage < passage.key
            {
                continue
            }
            best[passage.documentKey] = Candidate(
                key: passage.documentKey, id: passage.documentID, passage: passage.key,
                score: score)
        }
        return best.values.sorted(by: Candidate.precedes)
    }

    /// A score that no passage exceeds that the server has not returned.
    ///
    /// The server's sums of D products in 32-bit floats and ours differ by at most D · 2⁻²³ times the sum of
    /// the products' sizes, which is at most the product of the lengths.
    private func bound(
        _ near: NearestPassages, _ scores: [Int64: Double], _ vector: [Float], isExact: Bool
    ) -> Double {
        var worst = -Double.infinity
        for place in near.unfinished {
            let farthest = near.passages.lazy.filter { $0.place == place }
                .compactMap { scores[$0.key] }.min()
            worst = max(worst, farthest ?? -.infinity)
        }
        guard isExact else { return worst }
        let rounding = Double(record.dimensions + 8) * 0x1p-22
        switch record.metric {
        case .cosine: return worst + rounding
        case .euclidean: return worst + rounding * abs(worst)
        case .innerProduct:
            let longest =
                near.passages.indices.map { row in
                    Self.length(
                        near.values[row * record.dimensions..<(row + 1) * record.dimensions])
                }.max() ?? 0
            return worst + rounding * longest * Self.length(vector[...])
        }
    }

    private static func length(_ vector: ArraySlice<Float>) -> Double {
        vector.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    }
}
