import VectorMath

extension HNSWBuilder {
    /// A vector of a batch: a new node, or a copy of the row in a slot.
    struct Arrival {
        var label: Int64
        var vectorHash: UInt64
        var slot: UInt32
        var isNew: Bool
    }

    /// What the first phase of an insertion finds for a new node.
    struct Found {
        var slot: UInt32
        /// The node's links, one list a level.
        var choices: [Choice] = []
        /// The slots among which its links were chosen, on any layer.
        var candidates: [UInt32] = []
        /// Slots of which it is a near copy, nearest first.
        var leaders: [UInt32] = []
    }

    /// Gives the labels of copies and near copies to the nodes that they join, in the order of
    /// arrival. Returns the leaders of the new nodes that have joined one.
    func joinCopies(_ arrivals: [Arrival], _ found: [Found]) -> [UInt32: UInt32] {
        var leaders: [UInt32: UInt32] = [:]
        var next = 0
        for arrival in arrivals {
            if arrival.isNew {
                leaders[arrival.slot] = leader(of: found[next], leaders)
                next += 1
            }
            let leader = leaders[arrival.slot]
            guard leader != nil || !arrival.isNew else { continue }
            storage.copies.add(
                arrival.label, vectorHash: arrival.vectorHash, to: leader ?? arrival.slot)
        }
        return leaders
    }

    /// The node that a new one joins: one of which it is a near copy, or the leader of that one.
    private func leader(of found: Found, _ leaders: [UInt32: UInt32]) -> UInt32? {
        if found.leaders.isEmpty { return nil }
        if let node = found.leaders.first(where: { leaders[$0] == nil }) { return node }
        let (query, rows) = (workers(1)[0].walker.query, storage.vectorRows)
        query.load(row: found.slot, of: rows)
        let copies = NearCopies(of: query, rows)
        return found.leaders.lazy.compactMap { leaders[$0] }.first(where: copies.isNear)
    }

    /// Leaves out the nodes that have joined a leader, and chooses neighbors again for those that had
    /// any of them among their candidates.
    func findAgain(_ found: [Found], leaders: [UInt32: UInt32], threads: Int) -> [Found] {
        var staying = found.filter { leaders[$0.slot] == nil }
        let affected = staying.indices.filter { index in
            staying[index].candidates.contains { leaders[$0] != nil }
        }
        let again = findNeighbors(of: staying.map(\.slot), only: affected, threads: threads)
        for (index, found) in zip(affected, again) { staying[index] = found }
        return staying
    }
}
