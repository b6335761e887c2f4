import VectorMath

extension HNSWBuilder {
    /// Removes vectors and repairs the links around them. Labels that are not in the graph are
    /// ignored. Returns how many were removed.
    ///
    /// A node that linked to removed ones keeps its other neighbors and fills up, by the same
    /// heuristic, from the neighbors of the removed ones, to as many links as it had before, or to
    /// m. (Choosing all links again would leave lists shorter than those of a fresh build, which
    /// are cut only when full, and recall at equal ef would be lower.) The newly chosen neighbors
    /// link back, as after an insertion; otherwise one-way links would accumulate over many rounds.
    /// Later insertions reuse the slots. A node stays as long as one of its labels does. Each call
    /// passes over all links, so remove many labels at a time.
    ///
    /// - Complexity: O(n m) reads, and O(m^2) distances for each node that lost a neighbor.
    @discardableResult
    package func remove(labels removedLabels: [Int64], threads: Int = 1) -> Int {
        let wanted = LabelFilter(removedLabels)
        guard wanted.count > 0 else { return 0 }
        var removedLabelCount = storage.copies.remove(wanted)
        var removed: [UInt32] = []
        for slot in 0..<UInt32(storage.count) {
            let label = storage.labels[Int(slot)]
            guard label != GraphStorage.noLabel, wanted.contains(label) else { continue }
            removedLabelCount += 1
            if let copy = storage.copies.removeLowest(of: slot) {
                storage.labels[Int(slot)] = copy
            } else {
                removed.append(slot)
            }
        }
        guard !removed.isEmpty else { return removedLabelCount }
        var gone = [Bool](repeating: false, count: storage.count)
        for slot in removed { gone[Int(slot)] = true }
        let goneOrdinals = (0..<storage.slots.count).map { ordinal in
            gone[Int(storage.slots[ordinal])]
                && storage.ordinals[storage.slots[ordinal]] == UInt32(ordinal)
        }
        let top =
            storage.levels.count == 0
            ? 0 : (0..<storage.levels.count).map { Int(storage.levels[$0]) }.max() ?? 0
        for level in 0...top {
            repair(level: level, gone: level == 0 ? gone : goneOrdinals, threads: threads)
        }
        for slot in removed { storage.free(slot) }
        storage.sortFree()
        storage.chooseEntry()
        return removedLabelCount
    }

    /// Shared by the threads, each of which writes only the element at its index.
    private final class Repairs: @unchecked Sendable {
        let storage: GraphStorage
        let repairs: UnsafeMutableBufferPointer<Repair>

        init(_ storage: GraphStorage, _ repairs: UnsafeMutableBufferPointer<Repair>) {
            (self.storage, self.repairs) = (storage, repairs)
        }
    }

    /// The new links of a node that lost some.
    private struct Repair {
        var kept: [UInt32] = []
        var added: [NeighborSelection.Candidate] = []
    }

    private func repair(level: Int, gone: [Bool], threads: Int) {
        let layer = storage.graph.layer(level)
        let affected = (0..<UInt32(layer.count)).filter { node in
            !gone[Int(node)] && layer.list(of: node).contains { gone[Int($0)] }
        }
        var repairs = [Repair](repeating: Repair(), count: affected.count)
        let workers = workers(threads)
        repairs.withUnsafeMutableBufferPointer { buffer in
            let shared = Repairs(storage, buffer)
            WorkerThreads.run(count: affected.count, threads: threads) { worker, index in
                shared.repairs[index] = Self.repaired(
                    affected[index], level: level, gone: gone, storage: shared.storage,
                    workers[worker])
            }
        }
        for (node, repair) in zip(affected, repairs) {
            storage.setLinks(repair.kept + repair.added.map(\.node), of: node, level: level)
        }
        let choices = zip(affected, repairs).map { node, repair in
            Choice(
                level: level, node: node,
                neighbors: repair.added.filter { !layer.list(of: $0.node).contains(node) })
        }
        addReverseLinks(of: choices, threads: threads)
    }

    private static func repaired(
        _ node: UInt32, level: Int, gone: [Bool], storage: GraphStorage, _ worker: Worker
    ) -> Repair {
        let layer = storage.graph.layer(level)
        let rows = storage.vectorRows
        let list = layer.list(of: node)
        var nodes: Set<UInt32> = []
        var frontier = Array(list)
        var passed: Set<UInt32> = []
        // If a whole neighborhood is removed at once, the neighbors' neighbors are searched in
        // turn.
        while !frontier.isEmpty, nodes.count < layer.degree {
            var next: [UInt32] = []
            for neighbor in frontier {
                if gone[Int(neighbor)] {
                    if passed.insert(neighbor).inserted { next += layer.list(of: neighbor) }
                } else if neighbor != node {
                    nodes.insert(neighbor)
                }
            }
            frontier = next
        }
        worker.walker.query.load(row: layer.slot(of: node), of: rows)
        let candidates = worker.walker.best(nodes.count, of: nodes.sorted(), in: layer, rows)
        let kept = candidates.filter { list.contains($0.node) }
        let links = worker.selection.select(
            candidates.filter { !list.contains($0.node) }, for: worker.walker.query,
            limit: max(storage.parameters.m, list.count), least: storage.parameters.m,
            keeping: kept, in: layer, rows)
        return Repair(kept: kept.map(\.node), added: Array(links.dropFirst(kept.count)))
    }
}
