import VectorMath

extension HNSWBuilder {
    /// Starts from a finished graph. Its content is copied; the file is not changed. Neighbor codes are
    /// stored again if it has them.
    ///
    /// Invalid links of a damaged file are dropped; call `verify()` first if that matters.
    package convenience init(extending index: HNSWIndex) throws(IndexError) {
        try self.init(parameters: index.parameters)
        storeNeighborCodes(index.hasNeighborCodes)
        index.file.sequentially { takeOver(index) }
        storage.noteRows()
    }

    private func takeOver(_ index: HNSWIndex) {
        let (count, graph) = (index.nodeCount, index.graph)
        lastLabel = index.lastLabel ?? index.labels.last
        storage.reserve(count)
        storage.rows.append(
            contentsOf: UnsafeBufferPointer(
                start: index.rows.base.assumingMemoryBound(to: UInt8.self),
                count: count * storage.rowBytes))
        if parameters.quantization == .int8 {
            storage.scales.append(
                contentsOf: UnsafeBufferPointer(start: index.rows.scales, count: count))
            if parameters.metric == .euclidean {
                storage.squaredNorms.append(
                    contentsOf: UnsafeBufferPointer(start: index.rows.squaredNorms, count: count))
            }
        }
        for slot in 0..<count { storage.labels.append(index.labelColumn[slot]) }
        takeOver(index.copies)
        storage.layer0.resize(to: count * 2 * parameters.m, filling: GraphLayers.noNode)
        for ordinal in 0..<graph.upperCount {
            let level = graph.levels[ordinal]
            storage.slots.append(graph.slots[ordinal])
            storage.levels.append(level)
            storage.first.append(graph.first[ordinal])
            storage.upper.resize(
                to: storage.upper.count + Int(level) * parameters.m, filling: GraphLayers.noNode)
            storage.ordinals[graph.slots[ordinal]] = UInt32(ordinal)
        }
        storage.entry = graph.entry
        for slot in 0..<UInt32(count) {
            storage.setLinks(graph.bottomLevel.list(of: slot), of: slot, level: 0)
        }
        for ordinal in 0..<UInt32(graph.upperCount) {
            for level in 1...Int(graph.levels[Int(ordinal)]) {
                storage.setLinks(
                    graph.layer(level).list(of: ordinal).filter { graph.levels[Int($0)] >= level },
                    of: ordinal, level: level)
            }
        }
    }

    private func takeOver(_ copies: CopyTable) {
        var group = 0
        while group < copies.groupCount {
            let node = copies.nodes[group]
            let groups = copies.groups(of: node)
            storage.copies.set(
                groups.map {
                    .init(vectorHash: copies.hashes[$0], labels: Array(copies.labels(of: $0)))
                }, of: node)
            group = groups.upperBound
        }
    }
}
