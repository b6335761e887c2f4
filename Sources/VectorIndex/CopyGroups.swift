/// The labels that nodes of a growing graph have beside their own: vectors whose rows are equal, or
/// nearly so (see ``NearCopies``), share one node.
///
/// Were each copy a node, a thousand of them would fill one another's lists of links and the
/// candidates of every walk that comes near, and hide what lies around them.
struct CopyGroups {
    /// Labels of a node whose vectors are equal, not only their codes.
    struct Group {
        var vectorHash: UInt64
        /// Increasing, never empty.
        var labels: [Int64]
    }

    /// By slot. Groups come in the order of their first labels; a slot that is here has at least one.
    private(set) var groups: [UInt32: [Group]] = [:]
    /// Labels in all groups.
    private(set) var count = 0
    /// The place of each group among those of its slot, which may be many.
    private var places: [Key: Int] = [:]

    private struct Key: Hashable {
        var slot: UInt32
        var vectorHash: UInt64
    }

    /// Adds a label above all that are there.
    mutating func add(_ label: Int64, vectorHash: UInt64, to slot: UInt32) {
        count += 1
        let key = Key(slot: slot, vectorHash: vectorHash)
        if let place = places[key] {
            groups[slot]?[place].labels.append(label)
        } else {
            groups[slot, default: []].append(Group(vectorHash: vectorHash, labels: [label]))
            places[key] = (groups[slot]?.count ?? 0) - 1
        }
    }

    /// Takes over the groups of a slot that has none.
    mutating func set(_ newGroups: [Group], of slot: UInt32) {
        count += newGroups.reduce(0) { $0 + $1.labels.count }
        replace(newGroups, of: slot)
    }

    private mutating func replace(_ newGroups: [Group], of slot: UInt32) {
        groups[slot] = newGroups.isEmpty ? nil : newGroups
        for (place, group) in newGroups.enumerated() {
            places[Key(slot: slot, vectorHash: group.vectorHash)] = place
        }
    }

    /// Takes out the labels that are wanted; returns how many were there.
    mutating func remove(_ wanted: LabelFilter) -> Int {
        var removed = 0
        for slot in Array(groups.keys) {
            let before = groups[slot]?.reduce(0) { $0 + $1.labels.count } ?? 0
            change(slot) { $0.removeAll(where: wanted.contains) }
            removed += before - (groups[slot]?.reduce(0) { $0 + $1.labels.count } ?? 0)
        }
        count -= removed
        return removed
    }

    /// Takes out the lowest label of a slot, to be the node's own.
    mutating func removeLowest(of slot: UInt32) -> Int64? {
        guard let lowest = groups[slot]?.first?.labels[0] else { return nil }
        change(slot) { if $0[0] == lowest { $0.removeFirst() } }
        count -= 1
        return lowest
    }

    private mutating func change(_ slot: UInt32, _ body: (inout [Int64]) -> Void) {
        guard var changed = groups.removeValue(forKey: slot) else { return }
        for group in changed { places[Key(slot: slot, vectorHash: group.vectorHash)] = nil }
        for place in changed.indices { body(&changed[place].labels) }
        changed.removeAll { $0.labels.isEmpty }
        changed.sort { $0.labels[0] < $1.labels[0] }
        replace(changed, of: slot)
    }
}
