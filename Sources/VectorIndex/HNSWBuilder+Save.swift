import FileFormat
import VectorMath

extension HNSWBuilder {
    /// Writes the graph to `path` atomically. Slots are renumbered in the order of labels, so that
    /// free slots take no space and a label is found by binary search.
    ///
    /// Unreachable nodes are linked first (see `connect`).
    ///
    /// - Parameter threads: for neighbor codes; the bytes are the same for any number.
    package func save(
        to path: String, header: IndexHeader, threads: Int = 1,
        fileSystem: any FileSystem = SystemFileSystem()
    ) throws(IndexError) {
        connect()
        var order = (0..<UInt32(storage.count)).filter {
            storage.labels[Int($0)] != GraphStorage.noLabel
        }
        order.sort { storage.labels[Int($0)] < storage.labels[Int($1)] }
        var position = [UInt32](repeating: GraphLayers.noNode, count: storage.count)
        for (index, slot) in order.enumerated() { position[Int(slot)] = UInt32(index) }
        // Upper nodes, in the order of their slots.
        let upperOrder = order.compactMap { storage.ordinals[$0] }
        var upperPosition = [UInt32](repeating: GraphLayers.noNode, count: storage.slots.count)
        for (index, ordinal) in upperOrder.enumerated() {
            upperPosition[Int(ordinal)] = UInt32(index)
        }

        var writer = try IndexFileWriter(
            path: path, kind: storesNeighborCodes ? .graphWithNeighborCodes : .graph,
            fileSystem: fileSystem)
        let rowBytes = storage.rowBytes
        writer.beginSection()
        for slot in order {
            try writer.append(
                UnsafeRawBufferPointer(
                    start: storage.rows.pointer + Int(slot) * rowBytes, count: rowBytes))
        }
        try writer.endSection(.rows)
        if parameters.quantization == .int8 {
            try writer.array(.scales, order.map { storage.scales[Int($0)] })
            if parameters.metric == .euclidean {
                try writer.array(.squaredNorms, order.map { storage.squaredNorms[Int($0)] })
            }
        }
        writer.beginSection()
        for slot in order { try appendLinks(of: slot, level: 0, through: position, to: writer) }
        try writer.endSection(.layer0)

        let base = order.first.map { storage.labels[Int($0)] } ?? 0
        let last = order.last.map { storage.labels[Int($0)] } ?? 0
        let width = LabelColumn.width(first: base, last: last)
        let labels = order.map { storage.labels[Int($0)] }
        try writer.array(.labels, LabelColumn.encode(labels, base: base, width: width))

        let copies = try writeCopies(of: order, to: &writer)

        try writer.array(.upperSlots, upperOrder.map { position[Int(storage.slots[Int($0)])] })
        try writer.array(.upperLevels, upperOrder.map { storage.levels[Int($0)] })
        writer.beginSection()
        for ordinal in upperOrder {
            for level in 1...Int(storage.levels[Int(ordinal)]) {
                try appendLinks(of: ordinal, level: level, through: upperPosition, to: writer)
            }
        }
        try writer.endSection(.upperLinks)

        if storesNeighborCodes {
            try writeNeighborCodes(of: order, through: position, threads: threads, to: &writer)
        }

        var fields = GraphFields(
            header: header, parameters: parameters, count: order.count,
            upperCount: upperOrder.count, labelBase: base, labelWidth: width,
            lastLabel: lastLabel ?? GraphStorage.noLabel, groupCount: copies.groups,
            copyCount: copies.labels, entry: .empty)
        switch storage.entry {
        case .empty: fields.entry = .empty
        case .bottom(let slot): fields.entry = .bottom(slot: position[Int(slot)])
        case .upper(let ordinal, let level):
            fields.entry = .upper(ordinal: upperPosition[Int(ordinal)], level: level)
        }
        try writer.commit(fields: fields.encoded)
    }

    /// The sections of a `CopyTable`; how many groups and labels it has.
    private func writeCopies(of order: [UInt32], to writer: inout IndexFileWriter)
        throws(IndexError) -> (groups: Int, labels: Int)
    {
        var nodes: [UInt32] = []
        var starts: [UInt32] = []
        var hashes: [UInt64] = []
        var labels: [Int64] = []
        if storage.copies.count > 0 {
            for (node, slot) in order.enumerated() {
                for group in storage.copies.groups[slot] ?? [] {
                    nodes.append(UInt32(node))
                    starts.append(UInt32(labels.count))
                    hashes.append(group.vectorHash)
                    labels += group.labels
                }
            }
        }
        try writer.array(.copyNodes, nodes)
        try writer.array(.copyStarts, starts)
        try writer.array(.copyHashes, hashes)
        try writer.array(.copyLabels, labels)
        try writer.array(
            .copyOrder,
            (0..<UInt32(labels.count)).sorted { labels[Int($0)] < labels[Int($1)] })
        return (nodes.count, labels.count)
    }

    private func appendLinks(
        of node: UInt32, level: Int, through position: [UInt32], to writer: IndexFileWriter
    ) throws(IndexError) {
        let layer = storage.graph.layer(level)
        var links = layer.list(of: node).map { position[Int($0)] }
        links += [UInt32](repeating: GraphLayers.noNode, count: layer.degree - links.count)
        try links.appended(to: writer)
    }
}

extension Array where Element: BitwiseCopyable {
    fileprivate func appended(to writer: IndexFileWriter) throws(IndexError) {
        var failure: IndexError?
        withUnsafeBytes { bytes in
            do throws(IndexError) { try writer.append(bytes) } catch { failure = error }
        }
        if let failure { throw failure }
    }
}

extension IndexFileWriter {
    /// Writes a section that is one array.
    mutating func array<Element: BitwiseCopyable>(_ section: IndexSection, _ elements: [Element])
        throws(IndexError)
    {
        beginSection()
        try elements.appended(to: self)
        try endSection(section)
    }
}

/// The fields in the trailer of a graph file, in this order, each of 8 bytes.
struct GraphFields {
    var header: IndexHeader
    var parameters: IndexParameters
    var count: Int
    var upperCount: Int
    var labelBase: Int64
    var labelWidth: Int
    var lastLabel: Int64
    var groupCount: Int
    var copyCount: Int
    var entry: GraphLayers.Entry

    var encoded: FieldWriter {
        var writer = FieldWriter()
        writer.write(header)
        writer.write(UInt64(parameters.dimensions))
        writer.write(UInt64(Metric.allCases.firstIndex(of: parameters.metric)!))
        writer.write(UInt64(VectorQuantization.allCases.firstIndex(of: parameters.quantization)!))
        writer.write(UInt64(parameters.m))
        writer.write(UInt64(parameters.efConstruction))
        writer.write(UInt64(count))
        writer.write(UInt64(upperCount))
        writer.write(labelBase)
        writer.write(UInt64(labelWidth))
        writer.write(lastLabel)
        writer.write(UInt64(groupCount))
        writer.write(UInt64(copyCount))
        switch entry {
        case .empty: for _ in 0..<3 { writer.write(UInt64(0)) }
        case .bottom(let slot):
            writer.write(UInt64(1))
            writer.write(UInt64(slot))
            writer.write(UInt64(0))
        case .upper(let ordinal, let level):
            writer.write(UInt64(2))
            writer.write(UInt64(ordinal))
            writer.write(UInt64(level))
        }
        return writer
    }

    /// - Throws: `damaged` for a value that is out of range.
    init(_ file: IndexFileReader) throws(IndexError) {
        var fields = file.fields
        header = fields.header()
        func number(_ name: String, _ allowed: ClosedRange<Int>) throws(IndexError) -> Int {
            let value = fields.uint64()
            guard value <= UInt64(allowed.upperBound), value >= UInt64(allowed.lowerBound) else {
                throw file.damaged("trailer", "\(name) is \(value)")
            }
            return Int(value)
        }
        let dimensions = try number("dimensions", 1...65_536)
        let metric = try number("metric", 0...Metric.allCases.count - 1)
        let quantization = try number("quantization", 0...VectorQuantization.allCases.count - 1)
        let m = try number("m", 2...128)
        let efConstruction = try number("efConstruction", 1...100_000)
        parameters = IndexParameters(
            dimensions: dimensions, metric: Metric.allCases[metric],
            quantization: VectorQuantization.allCases[quantization], m: m,
            efConstruction: efConstruction)
        count = try number("count", 0...GraphLayers.nodeLimit)
        upperCount = try number("number of upper nodes", 0...count)
        labelBase = fields.int64()
        labelWidth = try number("label width", 4...8)
        guard labelWidth == 4 || labelWidth == 8 else {
            throw file.damaged("trailer", "label width is \(labelWidth)")
        }
        lastLabel = fields.int64()
        groupCount = try number("number of groups of copies", 0...GraphLayers.nodeLimit)
        copyCount = try number("number of copies", groupCount...GraphLayers.nodeLimit)
        let kind = try number("kind of entry point", 0...2)
        let node = try number("entry point", 0...GraphLayers.nodeLimit)
        let level = try number("entry level", 0...255)
        switch kind {
        case 1 where node < count && upperCount == 0: entry = .bottom(slot: UInt32(node))
        case 2 where node < upperCount && level > 0:
            entry = .upper(ordinal: UInt32(node), level: level)
        case 0 where count == 0: entry = .empty
        default: throw file.damaged("trailer", "the entry point is not a node")
        }
    }

    init(
        header: IndexHeader, parameters: IndexParameters, count: Int, upperCount: Int,
        labelBase: Int64, labelWidth: Int, lastLabel: Int64, groupCount: Int, copyCount: Int,
        entry: GraphLayers.Entry
    ) {
        self.header = header
        self.parameters = parameters
        self.count = count
        self.upperCount = upperCount
        self.labelBase = labelBase
        self.labelWidth = labelWidth
        self.lastLabel = lastLabel
        self.groupCount = groupCount
        self.copyCount = copyCount
        self.entry = entry
    }
}
