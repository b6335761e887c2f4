import VectorMath

/// The growable arrays behind `GraphLayers` and `VectorRows`, for a builder.
///
/// Slots and upper ordinals of removed nodes are kept in free lists and reused, lowest first. A
/// free slot has the label `noLabel`, and no node links to it.
///
/// No two slots hold the same row: vectors whose rows are equal share the slot of the first of them,
/// and the labels of the others are its copies.
struct GraphStorage {
    static let noLabel = Int64.min

    let parameters: IndexParameters
    let rowBytes: Int
    var rows = AlignedArray<UInt8>()
    var scales = AlignedArray<UInt16>()
    var squaredNorms = AlignedArray<Float>()
    /// The lowest label of each slot.
    var labels = AlignedArray<Int64>()
    var copies = CopyGroups()
    var layer0 = AlignedArray<UInt32>()

    var slots = AlignedArray<UInt32>()
    var levels = AlignedArray<UInt8>()
    var first = AlignedArray<UInt32>()
    var upper = AlignedArray<UInt32>()
    /// The upper ordinals of the slots that have one.
    var ordinals: [UInt32: UInt32] = [:]

    /// Descending, so that `popLast` takes the lowest.
    var freeSlots: [UInt32] = []
    /// By level, descending.
    var freeOrdinals: [Int: [UInt32]] = [:]
    var entry = GraphLayers.Entry.empty
    /// The slot of the row that has a hash.
    private var slotsByHash: [UInt64: UInt32] = [:]

    init(parameters: IndexParameters) {
        self.parameters = parameters
        rowBytes = VectorRows.stride(of: parameters)
    }

    /// The number of slots, used or free.
    var count: Int { labels.count }
    var liveCount: Int { labels.count - freeSlots.count }
    /// Vectors: nodes and their copies.
    var vectorCount: Int { liveCount + copies.count }

    var vectorRows: VectorRows {
        VectorRows(
            metric: parameters.metric, quantization: parameters.quantization,
            dimensions: parameters.dimensions, count: count,
            base: UnsafeRawPointer(rows.pointer), scales: scales.pointer,
            squaredNorms: squaredNorms.pointer)
    }

    var graph: GraphLayers {
        GraphLayers(
            count: count, m: parameters.m, layer0: layer0.pointer, upperCount: slots.count,
            slots: slots.pointer, levels: levels.pointer, first: first.pointer,
            upper: upper.pointer, entry: entry)
    }

    mutating func reserve(_ count: Int) {
        rows.reserve(count * rowBytes)
        labels.reserve(count)
        layer0.reserve(count * 2 * parameters.m)
        if parameters.quantization == .int8 {
            scales.reserve(count)
            if parameters.metric == .euclidean { squaredNorms.reserve(count) }
        }
    }

    /// Adds a node without links for `label` and returns its slot, whose row the caller must set.
    mutating func addNode(label: Int64) -> UInt32 {
        let slot: UInt32
        if let free = freeSlots.popLast() {
            slot = free
            labels[Int(slot)] = label
        } else {
            slot = UInt32(count)
            labels.append(label)
            rows.resize(to: labels.count * rowBytes, filling: 0)
            layer0.resize(to: labels.count * 2 * parameters.m, filling: GraphLayers.noNode)
            if parameters.quantization == .int8 {
                scales.append(0)
                if parameters.metric == .euclidean { squaredNorms.append(0) }
            }
        }
        let level = GraphLayers.level(ofLabel: label, m: parameters.m)
        if level > 0 { ordinals[slot] = addOrdinal(slot: slot, level: level) }
        return slot
    }

    private mutating func addOrdinal(slot: UInt32, level: Int) -> UInt32 {
        if let free = freeOrdinals[level]?.popLast() {
            slots[Int(free)] = slot
            return free
        }
        let ordinal = UInt32(slots.count)
        slots.append(slot)
        levels.append(UInt8(level))
        first.append(UInt32(upper.count / parameters.m))
        upper.resize(to: upper.count + level * parameters.m, filling: GraphLayers.noNode)
        return ordinal
    }

    // MARK: Rows

    /// Stores a row in a slot that is new.
    mutating func setRow(_ slot: UInt32, _ row: EncodedRow) {
        UnsafeMutableRawPointer(rows.pointer + Int(slot) * rowBytes).copyMemory(
            from: UnsafeRawPointer(row.bytes.pointer), byteCount: rowBytes)
        if parameters.quantization == .int8 {
            scales[Int(slot)] = row.scale
            if parameters.metric == .euclidean { squaredNorms[Int(slot)] = row.squaredNorm }
        }
        noteRow(slot, hash: row.hash)
    }

    /// The slot that holds an equal row.
    func slot(equalTo row: EncodedRow) -> UInt32? {
        guard let slot = slotsByHash[row.hash], scale(of: slot) == row.scale else { return nil }
        let stored = UnsafeRawBufferPointer(
            start: rows.pointer + Int(slot) * rowBytes, count: rowBytes)
        return stored.elementsEqual(row.bytes.bytes) ? slot : nil
    }

    /// Makes the rows of all slots known, after they were taken over.
    mutating func noteRows() {
        slotsByHash.reserveCapacity(count)
        for slot in 0..<UInt32(count) where labels[Int(slot)] != Self.noLabel {
            noteRow(slot, hash: rowHash(of: slot))
        }
    }

    /// Of rows whose hashes collide only the first is known: copies of the others are nodes.
    private mutating func noteRow(_ slot: UInt32, hash: UInt64) {
        if slotsByHash[hash] == nil { slotsByHash[hash] = slot }
    }

    private func scale(of slot: UInt32) -> UInt16 {
        parameters.quantization == .int8 ? scales[Int(slot)] : 0
    }

    private func rowHash(of slot: UInt32) -> UInt64 {
        EncodedRow.hash(
            UnsafeRawBufferPointer(start: rows.pointer + Int(slot) * rowBytes, count: rowBytes),
            scale: scale(of: slot))
    }

    /// A node's links, mutable in place.
    func links(of node: UInt32, level: Int) -> UnsafeMutablePointer<UInt32> {
        level == 0
            ? layer0.pointer + Int(node) * 2 * parameters.m
            : upper.pointer + (Int(first[Int(node)]) + level - 1) * parameters.m
    }

    func setLinks(_ nodes: some Sequence<UInt32>, of node: UInt32, level: Int) {
        let links = links(of: node, level: level)
        var written = 0
        for neighbor in nodes {
            links[written] = neighbor
            written += 1
        }
        let degree = level == 0 ? 2 * parameters.m : parameters.m
        for i in written..<degree { links[i] = GraphLayers.noNode }
    }

    /// Frees the slot and its ordinal. No node may link to it any more.
    mutating func free(_ slot: UInt32) {
        setLinks([], of: slot, level: 0)
        let hash = rowHash(of: slot)
        if slotsByHash[hash] == slot { slotsByHash[hash] = nil }
        labels[Int(slot)] = Self.noLabel
        freeSlots.append(slot)
        if let ordinal = ordinals.removeValue(forKey: slot) {
            let level = Int(levels[Int(ordinal)])
            for layer in 1...level { setLinks([], of: ordinal, level: layer) }
            freeOrdinals[level, default: []].append(ordinal)
        }
    }

    /// Puts the free lists into the order in which they are used.
    mutating func sortFree() {
        freeSlots.sort(by: >)
        for level in freeOrdinals.keys { freeOrdinals[level]?.sort(by: >) }
    }

    /// Makes the first node of the highest level the entry point.
    mutating func chooseEntry() {
        entry = .empty
        var highest = 0
        for ordinal in 0..<slots.count where Int(levels[ordinal]) > highest {
            guard ordinals[slots[ordinal]] == UInt32(ordinal) else { continue }
            highest = Int(levels[ordinal])
            entry = .upper(ordinal: UInt32(ordinal), level: highest)
        }
        guard highest == 0 else { return }
        for slot in 0..<count where labels[slot] != Self.noLabel {
            entry = .bottom(slot: UInt32(slot))
            return
        }
    }
}
