import VectorMath

/// The labels that nodes of a finished graph have beside their own, as pointers into its file.
///
///     group g:  labels[starts[g] ..< starts[g + 1]], increasing, of the node nodes[g]
///     order:    places in `labels`, by increasing label
///
/// The labels of one group have equal vectors; groups of one node, which are neighbors in the table,
/// have equal codes only, or nearly equal ones.
struct CopyTable: @unchecked Sendable {
    let groupCount: Int
    /// Labels in all groups.
    let count: Int
    let nodes: UnsafePointer<UInt32>
    let starts: UnsafePointer<UInt32>
    let hashes: UnsafePointer<UInt64>
    let labels: UnsafePointer<Int64>
    private let order: UnsafePointer<UInt32>
    /// One bit a node: whether it has groups.
    private let marks: AlignedMemory

    /// - Throws: `damaged` if a group is not of a node or its labels are not in the table.
    /// - Complexity: O(groups + nodes / 64).
    init(_ file: IndexFileReader, groupCount: Int, count: Int, nodeCount: Int) throws(IndexError) {
        self.groupCount = groupCount
        self.count = count
        nodes = try file.section(.copyNodes, count: groupCount * 4).pointer()
        starts = try file.section(.copyStarts, count: groupCount * 4).pointer()
        hashes = try file.section(.copyHashes, count: groupCount * 8).pointer()
        labels = try file.section(.copyLabels, count: count * 8).pointer()
        order = try file.section(.copyOrder, count: count * 4).pointer()
        marks = AlignedMemory(byteCount: groupCount == 0 ? 0 : (nodeCount + 63) / 64 * 8)
        guard groupCount > 0 else {
            guard count == 0 else { throw file.damaged("copies", "labels belong to no group") }
            return
        }
        let words = marks.base.assumingMemoryBound(to: UInt64.self)
        words.update(repeating: 0, count: (nodeCount + 63) / 64)
        for group in 0..<groupCount {
            let node = nodes[group]
            guard node < nodeCount, group == 0 || nodes[group - 1] <= node else {
                throw file.damaged("copies", "group \(group) is of no node")
            }
            let isAfterLast = group == 0 ? starts[0] == 0 : starts[group - 1] < starts[group]
            guard isAfterLast, starts[group] < count else {
                throw file.damaged("copies", "group \(group) has no labels")
            }
            words[Int(node >> 6)] |= 1 << UInt64(node & 63)
        }
    }

    var isEmpty: Bool { groupCount == 0 }

    /// The groups of a node, often none.
    @inline(__always)
    func groups(of node: UInt32) -> Range<Int> {
        guard groupCount > 0 else { return 0..<0 }
        let words = marks.base.assumingMemoryBound(to: UInt64.self)
        guard words[Int(node >> 6)] >> UInt64(node & 63) & 1 != 0 else { return 0..<0 }
        return markedGroups(of: node)
    }

    private func markedGroups(of node: UInt32) -> Range<Int> {
        let first = lowerBound(groupCount) { nodes[$0] < node }
        var end = first
        while end < groupCount, nodes[end] == node { end += 1 }
        return first..<end
    }

    /// The labels of a group.
    func labels(of group: Int) -> UnsafeBufferPointer<Int64> {
        let end = group + 1 < groupCount ? Int(starts[group + 1]) : count
        return UnsafeBufferPointer(
            start: labels + Int(starts[group]), count: end - Int(starts[group]))
    }

    /// All labels in increasing order.
    var increasingLabels: [Int64] { (0..<count).map(label(ofRank:)) }

    func contains(_ label: Int64) -> Bool { node(of: label) != nil }

    /// The nodes that have a label which passes, increasing.
    func nodes(matching filter: LabelFilter) -> [UInt32] {
        guard groupCount > 0 else { return [] }
        var found: [UInt32] = []
        if filter.count < count / 32 {
            found = filter.labels.compactMap(node(of:))
        } else {
            for group in 0..<groupCount where labels(of: group).contains(where: filter.contains) {
                found.append(nodes[group])
            }
        }
        found.sort()
        return found
    }

    /// The label that has so many below it; `order` may be damaged, so that its values are checked.
    private func label(ofRank rank: Int) -> Int64 {
        let place = Int(order[rank])
        return place < count ? labels[place] : GraphStorage.noLabel
    }

    private func node(of label: Int64) -> UInt32? {
        let rank = lowerBound(count) { self.label(ofRank: $0) < label }
        guard rank < count, self.label(ofRank: rank) == label else { return nil }
        let place = order[rank]
        let group = lowerBound(groupCount) { starts[$0] <= place } - 1
        return group >= 0 ? nodes[group] : nil
    }

    /// The first of `0 ..< count` for which `precedes` no longer holds.
    private func lowerBound(_ count: Int, _ precedes: (Int) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if precedes(middle) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// What is wrong with the labels, if anything: those of a group increase, from above its node's
    /// own, and all are in `order`.
    func fault(ownLabels: LabelColumn) -> String? {
        var previous = GraphStorage.noLabel
        for rank in 0..<count {
            let label = label(ofRank: rank)
            guard label > previous else { return "they are not in order" }
            guard ownLabels.index(of: label) == nil else {
                return "label \(label) is a node's own, too"
            }
            previous = label
        }
        for group in 0..<groupCount {
            var previous = ownLabels[Int(nodes[group])]
            for label in labels(of: group) {
                guard label > previous else { return "those of group \(group) do not increase" }
                previous = label
            }
        }
        return nil
    }
}
