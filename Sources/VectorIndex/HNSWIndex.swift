import FileFormat
import Synchronization
import VectorMath

/// A finished graph in a memory-mapped file: what readers search. Immutable; any number of threads
/// search it at once, and each keeps its snapshot whatever a writer puts in the file's place.
package final class HNSWIndex: Sendable {
    /// The file's.
    package let path: String
    /// Which database, model and change-log position the graph covers.
    package let header: IndexHeader
    /// How the graph was built.
    package let parameters: IndexParameters
    /// Vectors in the graph.
    package let count: Int
    /// The highest label that was ever inserted, whether or not it is still there.
    package let lastLabel: Int64?

    let file: IndexFileReader
    let labelColumn: LabelColumn
    nonisolated(unsafe) let graph: GraphLayers
    nonisolated(unsafe) let rows: VectorRows
    /// What was computed or copied when the file was opened.
    private let memory: [AlignedMemory]
    private let idle = Mutex(IdleWalkers())

    /// Walkers wait here between searches, so that a search allocates nothing large.
    private struct IdleWalkers: ~Copyable {
        nonisolated(unsafe) var walkers: [GraphWalker] = []
    }

    /// The storage of the large sections.
    package enum Residency: Sendable {
        /// The file's pages, as they are needed: opens in milliseconds, shared among processes.
        case mapped
        /// A copy in large pages, made on opening: faster for one that searches very much.
        case copied
    }

    /// Maps the file and checks its header and the upper layers, not its large sections
    /// (`verify()` does); links that a damaged section holds can cost answers, never more.
    ///
    /// - Throws: `IndexError`: `file`, `notThisKind`, `unsupportedVersion`, `damaged`.
    /// - Complexity: O(n / m) reads.
    package init(
        path: String, residency: Residency = .mapped,
        fileSystem: any FileSystem = SystemFileSystem()
    ) throws(IndexError) {
        let file = try IndexFileReader(path: path, kind: .graph, fileSystem: fileSystem)
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

        if residency == .copied {
            file.sequentially {
                rows = Self.copy(rows, keeping: &memory)
                layer0 = Self.copy(layer0, keeping: &memory)
                if parameters.quantization == .int8 { scales = Self.copy(scales, keeping: &memory) }
            }
        }
        self.memory = memory
        self.path = path
        self.file = file
        self.header = fields.header
        self.parameters = parameters
        self.count = count
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

    private static func copy(
        _ section: UnsafeRawBufferPointer, keeping memory: inout [AlignedMemory]
    ) -> UnsafeRawBufferPointer {
        let copy = AlignedMemory(byteCount: section.count)
        if let source = section.baseAddress {
            copy.base.copyMemory(from: source, byteCount: section.count)
        }
        memory.append(copy)
        return UnsafeRawBufferPointer(start: copy.base, count: section.count)
    }

    /// Bytes of the file.
    package var byteCount: Int { file.file.count }

    /// The label of a slot, 0 ..< `count`.
    package func label(at slot: Int) -> Int64 { labelColumn[slot] }

    /// Labels in the graph, increasing.
    package var labels: [Int64] { (0..<count).map { labelColumn[$0] } }

    /// Whether a vector is in the graph.
    package func contains(label: Int64) -> Bool { labelColumn.index(of: label) != nil }

    /// Runs `body` with a walker that no other search uses meanwhile.
    func withWalker<Result, Failure: Error>(_ body: (GraphWalker) throws(Failure) -> Result)
        throws(Failure) -> Result
    {
        nonisolated(unsafe) let idleWalker = idle.withLock { $0.walkers.popLast() }
        nonisolated(unsafe) let walker =
            idleWalker ?? GraphWalker(dimensions: parameters.dimensions)
        defer { idle.withLock { $0.walkers.append(walker) } }
        walker.statistics = SearchStatistics()
        return try body(walker)
    }
}

extension UnsafeRawBufferPointer {
    /// The first byte; for an empty section some address that is never read.
    fileprivate var address: UnsafeRawPointer {
        baseAddress ?? UnsafeRawPointer(bitPattern: 64)!
    }

    fileprivate func pointer<Element: BitwiseCopyable>() -> UnsafePointer<Element> {
        address.assumingMemoryBound(to: Element.self)
    }
}
