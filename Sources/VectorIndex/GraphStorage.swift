import VectorMath

/// The growable arrays behind `GraphLayers` and `VectorRows`, for a builder.
///
/// Slots and upper ordinals of removed nodes are kept in free lists and reused, lowest first. A
/// free slot has the label `noLabel`, and no node links to it.
struct GraphStorage {
    static let noLabel = Int64.min

    let parameters: IndexParameters
    let rowBytes: Int
    var rows = AlignedArray<UInt8>()
    var scales = AlignedArray<UInt16>()
    var squaredNorms = AlignedArray<Float>()
    var labels = AlignedArray<Int64>()
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

    init(parameters: IndexParameters) {
        self.parameters = parameters
        rowBytes = VectorRows.stride(of: parameters)
    }

    /// The number of slots, used or free.
    var count: Int { labels.count }
    var liveCount: Int { labels.count - freeSlots.count }

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

    /// Stores a prepared vector in a slot.
    func setRow(_ slot: UInt32, _ vector: UnsafeBufferPointer<Float>) {
        let row = rows.pointer + Int(slot) * rowBytes
        guard parameters.quantization == .int8 else {
            UnsafeMutableRawPointer(row).copyMemory(
                from: UnsafeRawPointer(vector.baseAddress!),
                byteCount: vector.count * MemoryLayout<Float>.stride)
            return
        }
        scales[Int(slot)] = Int8Codes.encode(vector, into: row)
        if parameters.metric == .euclidean {
            let scale = Int8Codes.value(ofScale: scales[Int(slot)])
            var squares = 0
            for i in 0..<rowBytes {
                let code = Int(row[i]) - 128
                squares += code * code
            }
            squaredNorms[Int(slot)] = Float(squares) * scale * scale
        }
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
        labels[Int(slot)] = Self.noLabel
        freeSlots.append(slot)
        if let ordinal = ordinals.removeValue(forKey: slot) {
            let level = Int(levels[Int(ordinal)])
            for layer in 1...level { setLinks([], of: ordinal, level: layer) }
            freeOrdinals[level, default: []].append(ordinal)
        }
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
