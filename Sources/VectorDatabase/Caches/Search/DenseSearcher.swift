import DocumentStore
import VectorIndex

/// Finds the nearest passages to a vector in one snapshot.
///
///     graph walk ─┐
///     flat scan  ─┼─ merged by score, then key ─ without deleted rows ─> candidates
///     tail scan  ─┘
struct DenseSearcher: Sendable {
    let snapshot: VectorSnapshot
    let store: DocumentStore
    let threads: Int

    /// The number of rows that justifies one more thread.
    private static let rowsPerThread = 8192

    /// The best `count` passages, best first, ties by key; fewer only if no more match.
    ///
    /// `allowed` was read from the database, so it holds no deleted keys.
    ///
    /// - Parameter cost: comparisons are added up over several searches; row counts are those of
    ///   the snapshot.
    func search(
        _ vector: [Float], count: Int, ef: Int?, isExact: Bool, allowed: LabelFilter?,
        cost: inout SearchCost
    ) throws -> [ScoredKey] {
        let graph = isExact ? nil : snapshot.graph
        cost.graphRows = graph?.count ?? 0
        cost.deletedRows = snapshot.deleted.count
        if let allowed, allowed.count == 0 { return [] }
        let flatRows =
            graph == nil ? 0..<(snapshot.flat?.count ?? 0) : snapshot.flatBeyondGraph
        // Deleted rows are found, too, and dropped. Ask for twice as many until enough are left, or
        // there are no more.
        var wanted = count
        while true {
            var found = SearchSum(limit: wanted)
            if let graph {
                let result = try graph.search(
                    vector, k: wanted, ef: max(ef ?? IndexParameters.defaultEf, wanted),
                    filter: allowed,
                    source: snapshot.flat)
                found.add(result.hits)
                cost.distanceComputations +=
                    result.statistics.distances
                    + result.statistics.rescored
            }
            let streamed = try scan(flatRows, vector, allowed, into: &found, cost: &cost)
            cost.tailRows = flatRows.count + snapshot.tailRows + streamed
            let live = found.hits.filter { !snapshot.deleted.contains($0.key) }
            if live.count >= count || found.hits.count < wanted {
                return Array(live.prefix(count))
            }
            wanted *= 2
        }
    }

    /// Scans the rows that the graph does not cover.
    ///
    /// - Returns: the number of rows read from the database.
    private func scan(
        _ flatRows: Range<Int>, _ vector: [Float], _ allowed: LabelFilter?,
        into found: inout SearchSum, cost: inout SearchCost
    ) throws -> Int {
        if let flat = snapshot.flat, !flatRows.isEmpty {
            let all = flat.vectors
            let part = FlatVectors(
                count: flatRows.count, dimensions: all.dimensions, element: all.element,
                base: all.base
                    + flatRows.lowerBound * all.dimensions * all.element.byteCount,
                labels: { flat.label(at: flatRows.lowerBound + $0) })
            try flat.sequentially {
                try scan(part, vector, allowed, into: &found, cost: &cost)
            }
        }
        for segment in snapshot.tail {
            try scan(segment.vectors, vector, allowed, into: &found, cost: &cost)
            withExtendedLifetime(segment) {}
        }
        guard snapshot.hasStreamedRows else { return 0 }
        var streamed = 0
        var last = snapshot.lastKey
        while true {
            let batch = try store.vectors(
                after: last, limit: VectorSnapshot.readBatch, in: snapshot.record)
            guard let end = batch.keys.last else { return streamed }
            let segment = try TailSegment(
                batch, metric: snapshot.record.indexParameters.metric)
            try scan(segment.vectors, vector, allowed, into: &found, cost: &cost)
            withExtendedLifetime(segment) {}
            streamed += batch.count
            last = end
        }
    }

    private func scan(
        _ rows: FlatVectors, _ vector: [Float], _ allowed: LabelFilter?,
        into found: inout SearchSum, cost: inout SearchCost
    ) throws {
        found.add(
            try ExactSearch.search(
                vector, in: rows, metric: snapshot.record.indexParameters.metric, k: found.limit,
                filter: allowed, threads: min(threads, rows.count / Self.rowsPerThread + 1)))
        cost.distanceComputations += min(rows.count, allowed?.count ?? rows.count)
    }
}

/// The best hits of several searches over different rows.
private struct SearchSum {
    let limit: Int
    private(set) var hits: [ScoredKey] = []

    init(limit: Int) { self.limit = limit }

    mutating func add(_ more: [ScoredKey]) {
        guard !more.isEmpty else { return }
        let wasEmpty = hits.isEmpty
        hits += more
        if !wasEmpty { hits.sort(by: ScoredKey.precedes) }
        if hits.count > limit { hits.removeLast(hits.count - limit) }
    }
}
