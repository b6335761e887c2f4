import VectorMath

extension HNSWBuilder {
    /// Makes every node reachable from the entry point on layer 0.
    ///
    /// Pruning may leave a node that nothing links to any more. Each such node is linked from the
    /// nearest reachable node that has room, or else in the place of a link that reachability does
    /// not rest on (one that is not an edge of the tree by which nodes were first reached), the
    /// farthest of them. There is always one: the tree has fewer edges than there are links.
    package func connect(threads: Int = 1) {
        let isFree = { (slot: Int) in self.storage.labels[slot] == GraphStorage.noLabel }
        // Each round links at least the first stranded node, and with it whatever it leads to.
        while let stranded = storage.graph.unreachable(isFree: isFree).first {
            link(stranded)
        }
    }

    private func link(_ stranded: UInt32) {
        let (graph, rows) = (storage.graph, storage.vectorRows)
        let layer = graph.bottomLevel
        let worker = workers(1)[0]
        let tree = reachabilityTree()
        worker.walker.query.load(row: stranded, of: rows)
        var ef = min(storage.count, max(parameters.efConstruction, 2 * parameters.m))
        while true {
            worker.walker.search(graph, rows, ef: ef)
            for index in 0..<worker.walker.pool.count {
                let node = worker.walker.pool.node(at: index)
                let list = layer.list(of: node)
                let links = storage.links(of: node, level: 0)
                if list.count < layer.degree {
                    links[list.count] = stranded
                    return
                }
                if let replaced = list.lastIndex(where: { tree[Int($0)] != node }) {
                    links[replaced] = stranded
                    return
                }
            }
            guard ef < storage.count else { return }
            ef = min(storage.count, ef * 8)
        }
    }

    /// For each slot the node that it was first reached from.
    private func reachabilityTree() -> [UInt32] {
        let graph = storage.graph
        var parents = [UInt32](repeating: GraphLayers.noNode, count: storage.count)
        var queue: [UInt32] = []
        switch graph.entry {
        case .empty: return parents
        case .bottom(let slot): queue = [slot]
        case .upper(let ordinal, _): queue = [graph.slots[Int(ordinal)]]
        }
        parents[Int(queue[0])] = queue[0]
        var next = 0
        while next < queue.count {
            let node = queue[next]
            next += 1
            for neighbour in graph.bottomLevel.list(of: node)
            where parents[Int(neighbour)] == GraphLayers.noNode {
                parents[Int(neighbour)] = node
                queue.append(neighbour)
            }
        }
        return parents
    }
}
