extension HNSWIndex {
    /// The `k` best that a filter lets pass, by whichever way is likely to be cheaper: a walk that
    /// passes through all nodes and keeps those that match, or a scan of those that match.
    func filtered(
        _ walker: GraphWalker, _ filter: LabelFilter, k: Int, ef: Int, _ source: (any VectorSource)?
    ) -> SearchResult {
        let expected = expectedWalk(ef: ef, matching: filter.count)
        if expected * Self.walkPenalty < filter.count {
            // Matches may be far from the query: a walk that finds too few on its way gives up, soon
            // enough that it and the scan together cost less than the exact scan.
            let found = walker.search(
                graph, rows, ef: ef, budget: min(filter.count / Self.walkPenalty, 2 * expected),
                accepting: { filter.contains(self.labelColumn[Int($0)]) })
            if let found, found.count >= min(k, filter.count) {
                return finish(found, k: k, walker, source)
            }
        }
        let slots = labelColumn.indices(matching: filter)
        return finish(scan(slots, walker, k: k, rescored: source != nil), k: k, walker, source)
    }

    /// A distance costs a walk about twice what it costs a scan, which knows well ahead what to fetch.
    private static let walkPenalty = 2

    /// How many distances a walk will take, were matches spread evenly: `ef` of them are met among
    /// ef / selectivity nodes, and each node brings about m that were not seen before.
    private func expectedWalk(ef: Int, matching: Int) -> Int {
        let nodes = Double(ef) * Double(count) / Double(max(1, matching))
        return Int(nodes * Double(parameters.m))
    }
}
