extension HNSWIndex {
    /// The best `k` matches of a filter, by whichever way is likely to be cheaper: a walk over all
    /// nodes that keeps those that match, or a scan of those that match.
    func filtered(
        _ walker: GraphWalker, _ filter: LabelFilter, ef: Int, _ request: Request
    ) -> SearchResult {
        let expected = expectedWalk(ef: ef, matching: filter.count)
        if expected * Self.walkPenalty < filter.count {
            // Matches may be far from the query. A walk that finds too few of them gives up early
            // enough that it and the scan together cost less than an exact scan.
            let found = walker.search(
                graph, rows, ef: ef, budget: min(filter.count / Self.walkPenalty, 2 * expected),
                accepting: { self.accepts($0, filter) })
            if let found, found.count >= min(request.k, filter.count) {
                return finish(found, walker, request)
            }
        }
        var slots = labelColumn.indices(matching: filter)
        if !copies.isEmpty {
            slots = Set(slots).union(copies.nodes(matching: filter)).sorted()
        }
        return finish(scan(slots, walker, request), walker, request)
    }

    /// Whether one of the node's labels passes.
    private func accepts(_ node: UInt32, _ filter: LabelFilter) -> Bool {
        filter.contains(labelColumn[Int(node)])
            || copies.groups(of: node).contains {
                copies.labels(of: $0).contains(where: filter.contains)
            }
    }

    /// A distance is about twice as expensive in a walk as in a scan, which can prefetch.
    private static let walkPenalty = 2

    /// The expected number of distances of a walk if matches are spread evenly: `ef` of them are
    /// met among ef / selectivity nodes, and each node has about m neighbors that were not visited
    /// before.
    private func expectedWalk(ef: Int, matching: Int) -> Int {
        let nodes = Double(ef) * Double(count) / Double(max(1, matching))
        return Int(nodes * Double(parameters.m))
    }
}
