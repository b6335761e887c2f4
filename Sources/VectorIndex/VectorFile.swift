import FileFormat
import VectorMath

/// A collection's vectors as a matrix in a memory-mapped file, in the order of their labels, for
/// exact scans and for re-scoring. A cache of the database, like the graph.
///
/// With the cosine metric the rows are normalized.
package final class VectorFile: Sendable {
    /// The path of the file.
    package let path: String
    /// The database, model and change-log position that the file covers.
    package let header: IndexHeader
    /// The number of components of a vector, D.
    package let dimensions: Int
    /// How vectors are compared.
    package let metric: Metric
    /// The type of the components.
    package let element: VectorElement
    /// The number of rows, N.
    package let count: Int

    let file: IndexFileReader
    let labelColumn: LabelColumn
    nonisolated(unsafe) let rows: UnsafeRawPointer

    /// - Throws: `IndexError`: `file`, `notThisKind`, `unsupportedVersion`, `damaged`.
    package init(path: String, fileSystem: any FileSystem = SystemFileSystem()) throws(IndexError) {
        let file = try IndexFileReader(path: path, kind: .vectors, fileSystem: fileSystem)
        let fields = try VectorFields(file)
        let bytes = try file.section(
            .rows, count: fields.count * fields.dimensions * fields.element.byteCount)
        let labels = try file.section(.labels, count: fields.count * fields.labelWidth)
        self.path = path
        self.file = file
        header = fields.header
        dimensions = fields.dimensions
        metric = fields.metric
        element = fields.element
        count = fields.count
        let nowhere = UnsafeRawPointer(bitPattern: 64)!
        labelColumn = LabelColumn(
            count: count, width: fields.labelWidth, base: fields.labelBase,
            bytes: labels.baseAddress ?? nowhere)
        rows = bytes.baseAddress ?? nowhere
    }

    /// The size of the file in bytes.
    package var byteCount: Int { file.file.count }
    /// The label of a row in 0 ..< `count`.
    package func label(at row: Int) -> Int64 { labelColumn[row] }
    /// The labels `[N]`, in the order of the rows.
    package var labels: [Int64] { (0..<count).map { labelColumn[$0] } }

    /// All rows, for `ExactSearch`; valid as long as the file is alive.
    package var vectors: FlatVectors {
        FlatVectors(
            count: count, dimensions: dimensions, element: element, base: rows,
            labels: { self.labelColumn[$0] })
    }

    /// The vector of a label, `[D]`; `nil` if the file does not have it.
    package func vector(label: Int64) -> [Float]? {
        labelColumn.index(of: label).map { row in
            [Float](unsafeUninitializedCapacity: dimensions) { buffer, count in
                copyRow(row, to: buffer.baseAddress!)
                count = dimensions
            }
        }
    }

    private func copyRow(_ row: Int, to output: UnsafeMutablePointer<Float>) {
        let address = rows + row * dimensions * element.byteCount
        switch element {
        case .float32:
            output.update(from: address.assumingMemoryBound(to: Float.self), count: dimensions)
        case .float16:
            VectorKernels.active.table.pointee.f16_to_f32(
                address.assumingMemoryBound(to: UInt16.self), dimensions, output)
        }
    }

    /// Verifies the checksum of every section, which reads the whole file.
    package func verify() throws(IndexError) {
        try file.verify()
        guard labelColumn.isSorted else { throw file.damaged("labels", "they do not increase") }
    }

    /// The best `k` rows by an exact scan.
    package func exactSearch(
        _ query: [Float], k: Int, filter: LabelFilter? = nil, threads: Int = 1
    ) throws(IndexError) -> [ScoredKey] {
        try sequentially { () throws(IndexError) in
            try ExactSearch.search(
                query, in: vectors, metric: metric, k: k, filter: filter, threads: threads)
        }
    }

    /// Runs `body`, which reads large parts of the file in order; otherwise random access is
    /// expected.
    package func sequentially<Result, Failure: Error>(_ body: () throws(Failure) -> Result)
        throws(Failure) -> Result
    {
        try file.sequentially(body)
    }
}

extension VectorFile: VectorSource {
    package func score(
        _ query: UnsafeBufferPointer<Float>, labels: [Int64], hints: [Int],
        into scores: inout [Float]
    ) {
        guard let query = query.baseAddress, query.pointee == query.pointee else { return }
        var found: [(index: Int, row: UInt32)] = []
        found.reserveCapacity(labels.count)
        for index in labels.indices {
            if let row = labelColumn.index(of: labels[index], hint: hints[index]) {
                found.append((index, UInt32(row)))
            }
        }
        let rows = found.map(\.row)
        var exact = [Float](repeating: 0, count: rows.count)
        guard !rows.isEmpty else { return }
        vectors.score(query, metric: metric, from: 0, count: rows.count, ids: rows, into: &exact)
        for (position, entry) in found.enumerated() { scores[entry.index] = exact[position] }
    }
}

/// The fields in the trailer of a vector file, in this order, each of 8 bytes.
struct VectorFields {
    var header: IndexHeader
    var dimensions: Int
    var metric: Metric
    var element: VectorElement
    var count: Int
    var labelBase: Int64
    var labelWidth: Int

    var encoded: FieldWriter {
        var writer = FieldWriter()
        writer.write(header)
        writer.write(UInt64(dimensions))
        writer.write(UInt64(Metric.allCases.firstIndex(of: metric)!))
        writer.write(UInt64(VectorElement.allCases.firstIndex(of: element)!))
        writer.write(UInt64(count))
        writer.write(labelBase)
        writer.write(UInt64(labelWidth))
        return writer
    }

    init(
        header: IndexHeader, dimensions: Int, metric: Metric, element: VectorElement,
        count: Int, labelBase: Int64, labelWidth: Int
    ) {
        self.header = header
        self.dimensions = dimensions
        self.metric = metric
        self.element = element
        self.count = count
        self.labelBase = labelBase
        self.labelWidth = labelWidth
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
        dimensions = try number("dimensions", 1...65_536)
        metric = Metric.allCases[try number("metric", 0...Metric.allCases.count - 1)]
        element =
            VectorElement.allCases[
                try number("element type", 0...VectorElement.allCases.count - 1)]
        count = try number("count", 0...Int(UInt32.max))
        labelBase = fields.int64()
        labelWidth = try number("label width", 4...8)
        guard labelWidth == 4 || labelWidth == 8 else {
            throw file.damaged("trailer", "label width is \(labelWidth)")
        }
    }
}
