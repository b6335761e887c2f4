import VectorMath

extension GraphLayers {
    /// The slots of layer 0 that cannot be reached from the entry point, increasing. `isFree` tells
    /// which slots are unused.
    func unreachable(isFree: (Int) -> Bool = { _ in false }) -> [UInt32] {
        var seen = [Bool](repeating: false, count: count)
        var queue: [UInt32] = []
        switch entry {
        case .empty: break
        case .bottom(let slot): queue = [slot]
        case .upper(let ordinal, _): queue = [slots[Int(ordinal)]]
        }
        if let start = queue.first { seen[Int(start)] = true }
        let layer = bottomLevel
        while let node = queue.popLast() {
            for neighbor in layer.list(of: node) where !seen[Int(neighbor)] {
                seen[Int(neighbor)] = true
                queue.append(neighbor)
            }
        }
        return (0..<count).filter { !seen[$0] && !isFree($0) }.map { UInt32($0) }
    }

    /// Checks the links of every layer.
    ///
    /// - Throws: `invariant`, naming the node.
    func checkInvariants(isFree: (Int) -> Bool = { _ in false }) throws(IndexError) {
        for level in 0...highestLevel {
            let layer = layer(level)
            for node in 0..<UInt32(layer.count) {
                guard let links = layer.links(of: node) else { continue }
                let list = layer.list(of: node)
                let name = "node \(node) of layer \(level)"
                for i in list.count..<layer.degree where links[i] != Self.noNode {
                    throw .invariant("\(name) links to \(links[i]), which is not a node")
                }
                guard Set(list).count == list.count else {
                    throw .invariant("\(name) links twice to the same node")
                }
                for neighbor in list {
                    guard neighbor != node else { throw .invariant("\(name) links to itself") }
                    guard layer.links(of: neighbor) != nil else {
                        throw .invariant(
                            "\(name) links to \(neighbor), which is not on this layer")
                    }
                    guard !isFree(Int(layer.slot(of: neighbor))) else {
                        throw .invariant("\(name) links to \(neighbor), which was removed")
                    }
                }
            }
        }
        if case .upper(let ordinal, let level) = entry {
            guard Int(levels[Int(ordinal)]) == level, level == highestLevel else {
                throw .invariant("the entry point is not on the highest level")
            }
        }
        let stranded = unreachable(isFree: isFree)
        guard stranded.isEmpty else {
            throw .invariant(
                "\(stranded.count) nodes cannot be reached from the entry point, the first is \(stranded[0])"
            )
        }
    }

    private var highestLevel: Int {
        if case .upper(_, let level) = entry { return level }
        return 0
    }
}

extension HNSWBuilder {
    /// Checks the graph.
    ///
    /// - Throws: `invariant`. All nodes are reachable only after `connect()`, which `save` calls.
    package func checkInvariants() throws(IndexError) {
        try storage.graph.checkInvariants { self.storage.labels[$0] == GraphStorage.noLabel }
    }
}

extension HNSWIndex {
    /// Verifies the checksum of every section, which reads the whole file.
    package func verify() throws(IndexError) {
        try file.verify()
        guard labelColumn.isSorted else { throw file.damaged("labels", "they do not increase") }
        if let fault = copies.fault(ownLabels: labelColumn) { throw file.damaged("copies", fault) }
        // Extending the graph continues after the header's last label.
        if let lastLabel, let highest = labels.last, highest > lastLabel {
            throw file.damaged("labels", "the last is above the header's last label")
        }
    }

    /// Checks the graph: links are in range, distinct, not to the node itself, and on the right
    /// layers, and every node can be reached from the entry point.
    ///
    /// - Throws: `invariant`.
    /// - Complexity: O(n m).
    package func checkInvariants() throws(IndexError) { try graph.checkInvariants() }
}
