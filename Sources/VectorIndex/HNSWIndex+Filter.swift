extension HNSWIndex {
    /// The `k` best that a filter lets pass, by whichever way is likely to be cheaper: a walk that
    /// passes through all nodes and keeps those that match, or a scan of those that match.
    func filtered(
        _ walker: GraphWalker, _ filter: LabelFilter, k: Int, ef: Int, _ source: (any VectorSource)?
    ) -> SearchResult {
        if expectedWalk(ef: ef, matching: filter.count) < filter.count {
            // Matches may be far from the query: a walk that finds too few on its way gives up.
            let found = walker.search(
                graph, rows, ef: ef, budget: filter.count / Self.walkPenalty,
                accepting: { filter.contains(self.labelColumn[Int($0)]) })
            if let found, found.count >= min(k, filter.count) {
                return finish(found, k: k, walker, source)
            }
        }
        let slots = labelColumn.indices(matching: filter)
        return finish(
            scan(slots, walker, limit: contenders(k: k, of: slots.count)), k: k, walker, source)
    }

    /// How many of those scanned may be among the best `k` by their exact scores: where more are
    /// scanned, more lie within the codes' error of the k-th.
    private func contenders(k: Int, of scanned: Int) -> Int {
        parameters.quantization == .none ? k : max(k, min(1024, 4 * k + 16 + scanned / 100))
    }

    /// A distance costs a walk about twice what it costs a scan, which knows well ahead what to fetch.
    private static let walkPenalty = 2

    /// What a walk will cost, in distances of a scan, were matches spread evenly: `ef` of them are
    /// met among ef / selectivity nodes, and each node brings about m that were not seen before.
    private func expectedWalk(ef: Int, matching: Int) -> Int {
        let nodes = Double(ef) * Double(count) / Double(max(1, matching))
        return Int(nodes * Double(parameters.m)) * Self.walkPenalty
    }
}
