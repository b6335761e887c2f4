import FileFormat
import Synchronization
import VectorMath

/// A finished, immutable graph in a memory-mapped file. Any number of threads can search it at
/// once; it remains valid when a writer replaces the file.
package final class HNSWIndex: Sendable {
    /// The path of the file.
    package let path: String
    /// The database, model and change-log position that the graph covers.
    package let header: IndexHeader
    /// How the graph was built.
    package let parameters: IndexParameters
    /// The number of vectors in the graph.
    package let count: Int
    /// Nodes: vectors whose rows are equal, or nearly, share one.
    package let nodeCount: Int
    /// The highest label that was ever inserted, even if it has been removed; `nil` if there was
    /// none.
    package let lastLabel: Int64?

    let file: IndexFileReader
    /// The lowest label of each node.
    let labelColumn: LabelColumn
    let copies: CopyTable
    nonisolated(unsafe) let graph: GraphLayers
    nonisolated(unsafe) let rows: VectorRows
    /// One-bit codes of each node's neighbors, if the file has them.
    nonisolated(unsafe) let neighborCodes: NeighborCodes?
    /// Data that was computed or copied when the file was opened.
    private let memory: [AlignedMemory]
    private let idle = Mutex(IdleWalkers())

    /// Walkers that are not in use, so that a search need not allocate much memory.
    private struct IdleWalkers: ~Copyable {
        nonisolated(unsafe) var walkers: [GraphWalker] = []
    }

    /// Where the large sections are kept.
    package enum Residency: Sendable {
        /// In the file's pages, loaded on demand: opens in milliseconds, shared among processes.
        case mapped
        /// In a copy in large pages, made on opening: faster for very many searches.
        case copied
    }

    /// Maps the file and checks its header and the upper layers, but not its large sections;
    /// `verify()` does. A damaged section can lower recall, but not cause a crash.
    ///
    /// - Throws: `IndexError`: `file`, `notThisKind`, `unsupportedVersion`, `damaged`.
    /// - Complexity: O(n / m) reads.
    package init(
        path: String, residency: Residency = .mapped,
        fileSystem: any FileSystem = SystemFileSystem()
    ) throws(IndexError) {
        let (file, hasNeighborCodes) = try Self.open(path, fileSystem)
        var memory: [AlignedMemory] = []
        let fields = try GraphFields(file)
        let (parameters, count) = (fields.parameters, fields.count)
        let upperCount = fields.upperCount
        let rowBytes = VectorRows.stride(of: parameters)
        var rows = try file.section(.rows, count: count * rowBytes)
        var scales = rows
        var norms = rows
        if parameters.quantization == .int8 {
            scales = try file.section(.scales, count: count * 2)
            if parameters.metric == .euclidean {
                norms = try file.section(.squaredNorms, count: count * 4)
            }
        }
        var layer0 = try file.section(.layer0, count: count * 2 * parameters.m * 4)
        let labels = try file.section(.labels, count: count * fields.labelWidth)
        let slots = try file.section(.upperSlots, count: upperCount * 4)
        let levels = try file.section(.upperLevels, count: upperCount)

        let first = AlignedMemory(byteCount: upperCount * 4)
        memory.append(first)
        let firstBlocks = first.base.assumingMemoryBound(to: UInt32.self)
        var blocks = 0
        for ordinal in 0..<upperCount {
            let slot = slots.load(fromByteOffset: ordinal * 4, as: UInt32.self)
            guard slot < count, levels[ordinal] > 0, levels[ordinal] < 64 else {
                throw file.damaged("upper layers", "node \(ordinal) is not in the graph")
            }
            firstBlocks[ordinal] = UInt32(truncatingIfNeeded: blocks)
            blocks += Int(levels[ordinal])
        }
        let upper = try file.section(.upperLinks, count: blocks * parameters.m * 4)
        if case .upper(let ordinal, let level) = fields.entry, levels[Int(ordinal)] != level {
            throw file.damaged("trailer", "the entry point is not on level \(level)")
        }

        let layout = NeighborCodes.Layout(parameters)
        var records = rows
        if hasNeighborCodes {
            guard NeighborCodes.areAllowed(parameters) else {
                throw file.damaged("trailer", "neighbor codes without 8-bit codes")
            }
            records = try file.section(.neighborCodes, count: count * layout.stride)
        }

        let copies = try CopyTable(
            file, groupCount: fields.groupCount, count: fields.copyCount, nodeCount: count)

        if residency == .copied {
            file.sequentially {
                rows = Self.copy(rows, keeping: &memory)
                layer0 = Self.copy(layer0, keeping: &memory)
                if parameters.quantization == .int8 { scales = Self.copy(scales, keeping: &memory) }
                if hasNeighborCodes { records = Self.copy(records, keeping: &memory) }
            }
        }
        self.memory = memory
        self.path = path
        self.file = file
        self.header = fields.header
        self.parameters = parameters
        self.count = count + copies.count
        nodeCount = count
        self.copies = copies
        neighborCodes =
            hasNeighborCodes ? NeighborCodes(layout: layout, base: records.address) : nil
        lastLabel = fields.lastLabel == GraphStorage.noLabel ? nil : fields.lastLabel
        labelColumn = LabelColumn(
            count: count, width: fields.labelWidth, base: fields.labelBase,
            bytes: labels.address)
        graph = GraphLayers(
            count: count, m: parameters.m, layer0: layer0.pointer(),
            upperCount: upperCount, slots: slots.pointer(), levels: levels.pointer(),
            first: UnsafePointer(firstBlocks), upper: upper.pointer(), entry: fields.entry)
        self.rows = VectorRows(
            metric: parameters.metric, quantization: parameters.quantization,
            dimensions: parameters.dimensions, count: count, base: rows.address,
            scales: scales.pointer(), squaredNorms: norms.pointer())
    }

    /// Whether the file has one-bit codes of each node's neighbors.
    package var hasNeighborCodes: Bool { neighborCodes != nil }

    /// Opens a file without or with neighbor codes, which have versions of their own.
    private static func open(_ path: String, _ fileSystem: any FileSystem) throws(IndexError)
        -> (file: IndexFileReader, hasNeighborCodes: Bool)
    {
        do throws(IndexError) {
            return (try IndexFileReader(path: path, kind: .graph, fileSystem: fileSystem), false)
        } catch {
            guard case .unsupportedVersion = error else { throw error }
            let kind = SectionFileKind.graphWithNeighborCodes
            return (try IndexFileReader(path: path, kind: kind, fileSystem: fileSystem), true)
        }
    }

    private static func copy(
        _ section: UnsafeRawBufferPointer, keeping memory: inout [AlignedMemory]
    ) -> UnsafeRawBufferPointer {
        let copy = AlignedMemory(uninitializedByteCount: section.count)
        if let source = section.baseAddress {
            copy.base.copyMemory(from: source, byteCount: section.count)
        }
        memory.append(copy)
        return UnsafeRawBufferPointer(start: copy.base, count: section.count)
    }

    /// The size of the file in bytes.
    package var byteCount: Int { file.file.count }

    /// Labels in the graph, increasing.
    package var labels: [Int64] {
        let own = (0..<nodeCount).map { labelColumn[$0] }
        return copies.isEmpty ? own : (own + copies.increasingLabels).sorted()
    }

    /// Whether a vector is in the graph.
    package func contains(label: Int64) -> Bool {
        labelColumn.index(of: label) != nil || copies.contains(label)
    }

    /// Runs `body` with a walker for its exclusive use.
    func withWalker<Result, Failure: Error>(_ body: (GraphWalker) throws(Failure) -> Result)
        throws(Failure) -> Result
    {
        let walker = takeWalker()
        defer { putBack(walker) }
        return try body(walker)
    }

    /// A walker for exclusive use until it is put back.
    func takeWalker() -> GraphWalker {
        nonisolated(unsafe) let idleWalker = idle.withLock { $0.walkers.popLast() }
        let walker = idleWalker ?? GraphWalker(dimensions: parameters.dimensions)
        walker.statistics = SearchStatistics()
        return walker
    }

    func putBack(_ walker: GraphWalker) {
        nonisolated(unsafe) let walker = walker
        idle.withLock { $0.walkers.append(walker) }
    }
}

extension UnsafeRawBufferPointer {
    /// The address of the first byte; for an empty section, an address that is never read.
    fileprivate var address: UnsafeRawPointer {
        baseAddress ?? UnsafeRawPointer(bitPattern: 64)!
    }

    func pointer<Element: BitwiseCopyable>() -> UnsafePointer<Element> {
        address.assumingMemoryBound(to: Element.self)
    }
}
