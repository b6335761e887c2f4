import VectorMath

extension HNSWBuilder {
    /// Makes every node reachable from the entry point on layer 0. Returns how many were not.
    ///
    /// Pruning may leave a node that no other links to. Each such node is linked from the nearest
    /// reachable node that has room. If none has, it replaces the farthest link that is not needed
    /// for reachability, which is one that is not an edge of the tree by which nodes were first
    /// reached. There always is one: a tree has fewer edges than there are links.
    ///
    /// - Complexity: O(n m), plus a search for each stranded node.
    @discardableResult
    package func connect() -> Int {
        guard storage.liveCount > 0 else { return 0 }
        var tree = ReachabilityTree(storage.graph)
        var stranded = 0
        for slot in 0..<UInt32(storage.count)
        where !tree.contains(slot) && storage.labels[Int(slot)] != GraphStorage.noLabel {
            stranded += 1
            guard let parent = link(slot, tree) else { continue }
            tree.extend(from: parent, to: slot, storage.graph)
        }
        return stranded
    }

    /// Adds a link to a list that has room; returns where from.
    private func link(_ stranded: UInt32, from host: UInt32) -> UInt32 {
        let length = storage.graph.bottomLevel.list(of: host).count
        storage.links(of: host, level: 0)[length] = stranded
        return host
    }

    /// Links to `stranded` from a node of the tree; returns that node.
    private func link(_ stranded: UInt32, _ tree: ReachabilityTree) -> UInt32? {
        let (graph, rows) = (storage.graph, storage.vectorRows)
        let layer = graph.bottomLevel
        let walker = workers(1)[0].walker
        walker.query.load(row: stranded, of: rows)
        var ef = min(storage.count, parameters.efConstruction)
        while true {
            // Start from the tree's root, since descent may end at an unreachable node.
            walker.walk(layer, rows, from: tree.root, ef: ef)
            for candidate in walker.pool.candidates {
                let list = layer.list(of: candidate.node)
                if list.count < layer.degree { return link(stranded, from: candidate.node) }
                if let spare = list.lastIndex(where: { tree.parent(of: $0) != candidate.node }) {
                    storage.links(of: candidate.node, level: 0)[spare] = stranded
                    return candidate.node
                }
            }
            guard ef < storage.count else { return nil }
            ef = min(storage.count, ef * 8)
        }
    }
}

/// For each node of layer 0 the node from which it was first reached.
private struct ReachabilityTree {
    private var parents: [UInt32]
    /// The slot of the entry point; the graph is not empty.
    private(set) var root: UInt32 = 0

    init(_ graph: GraphLayers) {
        parents = [UInt32](repeating: GraphLayers.noNode, count: graph.count)
        switch graph.entry {
        case .empty: break
        case .bottom(let slot): root = slot
        case .upper(let ordinal, _): root = graph.slots[Int(ordinal)]
        }
        if graph.entry != .empty { extend(from: root, to: root, graph) }
    }

    func contains(_ node: UInt32) -> Bool { parents[Int(node)] != GraphLayers.noNode }

    func parent(of node: UInt32) -> UInt32 { parents[Int(node)] }

    /// Adds `node` and everything that becomes reachable through it.
    mutating func extend(from parent: UInt32, to node: UInt32, _ graph: GraphLayers) {
        parents[Int(node)] = parent
        let layer = graph.bottomLevel
        var queue = [node]
        while let next = queue.popLast() {
            for neighbor in layer.list(of: next) where !contains(neighbor) {
                parents[Int(neighbor)] = next
                queue.append(neighbor)
            }
        }
    }
}
