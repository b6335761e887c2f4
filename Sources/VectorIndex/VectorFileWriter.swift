import FileFormat
import VectorMath

/// Writes a `VectorFile`. Rows are streamed to the file; labels are kept in memory until the end.
///
/// To extend a file, write a new one: first the old file's rows without removed labels, then the
/// new rows.
package final class VectorFileWriter {
    private var writer: IndexFileWriter
    private let header: IndexHeader
    private let dimensions: Int
    private let metric: Metric
    private let element: VectorElement
    private var labels: [Int64] = []
    private let prepared: AlignedArray<Float>
    private let halves: AlignedArray<UInt16>

    /// The file appears at `path` only with `commit()`.
    package init(
        path: String, header: IndexHeader, dimensions: Int, metric: Metric,
        element: VectorElement = .float32, fileSystem: any FileSystem = SystemFileSystem()
    ) throws(IndexError) {
        guard (1...65_536).contains(dimensions) else {
            throw .invalidParameter(name: "dimensions", value: dimensions, allowed: 1...65_536)
        }
        self.header = header
        self.dimensions = dimensions
        self.metric = metric
        self.element = element
        prepared = AlignedArray(repeating: 0, count: dimensions)
        halves = AlignedArray(repeating: 0, count: dimensions)
        writer = try IndexFileWriter(path: path, kind: .vectors, fileSystem: fileSystem)
        writer.beginSection()
    }

    /// The number of rows appended so far.
    package var count: Int { labels.count }

    /// Appends a vector, which need not be prepared.
    ///
    /// - Throws: `dimensionMismatch`, `notFinite`, `labelNotIncreasing`.
    package func append(label: Int64, vector: UnsafeBufferPointer<Float>) throws(IndexError) {
        try metric.prepared(
            vector, dimensions: dimensions, label: label, into: prepared.pointer)
        try add(label)
        switch element {
        case .float32:
            try writer.append(
                UnsafeRawBufferPointer(start: prepared.pointer, count: dimensions * 4))
        case .float16:
            VectorKernels.active.table.pointee.f32_to_f16(
                prepared.pointer, dimensions, halves.pointer)
            try writer.append(UnsafeRawBufferPointer(start: halves.pointer, count: dimensions * 2))
        }
    }

    /// Appends a row, `[D]`.
    package func append(label: Int64, vector: [Float]) throws(IndexError) {
        let copy = AlignedArray(vector)
        try append(
            label: label, vector: UnsafeBufferPointer(start: copy.pointer, count: copy.count))
    }

    /// Appends the rows of another file with the same dimensions, metric and element type, except
    /// those with labels in `removed`.
    package func append(contentsOf other: VectorFile, excluding removed: LabelFilter? = nil)
        throws(IndexError)
    {
        guard other.dimensions == dimensions else {
            throw .dimensionMismatch(expected: dimensions, found: other.dimensions)
        }
        precondition(other.metric == metric && other.element == element)
        try other.sequentially { () throws(IndexError) in
            try copyRows(of: other, excluding: removed)
        }
    }

    private func copyRows(of other: VectorFile, excluding removed: LabelFilter?)
        throws(IndexError)
    {
        let rowBytes = dimensions * element.byteCount
        // Runs of rows that are kept are written at once.
        var start = 0
        for row in 0...other.count {
            if row < other.count, removed?.contains(other.label(at: row)) != true {
                try add(other.label(at: row))
                continue
            }
            if row > start {
                try writer.append(
                    UnsafeRawBufferPointer(
                        start: other.rows + start * rowBytes, count: (row - start) * rowBytes))
            }
            start = row + 1
        }
    }

    /// Completes the file and moves it into place. The writer cannot be used afterwards.
    package func commit() throws(IndexError) {
        try writer.endSection(.rows)
        let base = labels.first ?? 0
        let width = LabelColumn.width(first: base, last: labels.last ?? 0)
        try writer.array(.labels, LabelColumn.encode(labels, base: base, width: width))
        let fields = VectorFields(
            header: header, dimensions: dimensions, metric: metric, element: element,
            count: labels.count, labelBase: base, labelWidth: width)
        try writer.commit(fields: fields.encoded)
    }

    private func add(_ label: Int64) throws(IndexError) {
        if let last = labels.last, label <= last {
            throw .labelNotIncreasing(previous: last, label: label)
        }
        labels.append(label)
    }
}
