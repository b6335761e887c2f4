import VectorMath

extension Metric {
    /// Writes the vector in the form that the index compares: normalized for the cosine, else
    /// unchanged.
    ///
    /// - Throws: `dimensionMismatch`, or `notFinite` with `label`.
    package func prepared(
        _ vector: UnsafeBufferPointer<Float>, dimensions: Int, label: Int64? = nil,
        into output: UnsafeMutablePointer<Float>
    ) throws(IndexError) {
        guard vector.count == dimensions, let base = vector.baseAddress else {
            throw .dimensionMismatch(expected: dimensions, found: vector.count)
        }
        guard DotProduct.isFinite(vector) else { throw .notFinite(label: label) }
        output.update(from: base, count: dimensions)
        if self == .cosine {
            Normalization.normalize(UnsafeMutableBufferPointer(start: output, count: dimensions))
        }
    }

    /// The score for a distance. A walk orders by distance, lower for nearer.
    func score(ofDistance distance: Float) -> Float { -distance }
}

/// The vector that rows are compared with, in the same form as the rows. For use by one thread.
final class QueryVector {
    let dimensions: Int
    /// Prepared components.
    let floats: AlignedArray<Float>
    /// Signed codes, padded with zeros to whole blocks.
    let codes: AlignedArray<Int8>
    private(set) var scale: Float = 0
    private(set) var codeSum: Int32 = 0
    /// The squared length of a loaded row, or of the vector that a query's codes represent.
    private(set) var squaredNorm: Float = 0

    init(dimensions: Int) {
        self.dimensions = dimensions
        floats = AlignedArray(repeating: 0, count: dimensions)
        codes = AlignedArray(repeating: 0, count: Int8Codes.paddedCount(dimensions))
    }

    /// Loads a vector from the caller.
    func load(_ vector: UnsafeBufferPointer<Float>, for rows: borrowing VectorRows)
        throws(IndexError)
    {
        try rows.metric.prepared(vector, dimensions: dimensions, into: floats.pointer)
        guard rows.quantization == .int8 else { return }
        codes.pointer.withMemoryRebound(to: UInt8.self, capacity: codes.count) { unsigned in
            let source = UnsafeBufferPointer(start: floats.pointer, count: dimensions)
            scale = Int8Codes.value(ofScale: Int8Codes.encode(source, into: unsigned))
            makeSigned(from: unsigned)
        }
    }

    /// Loads row `id`.
    func load(row id: UInt32, of rows: borrowing VectorRows) {
        switch rows.quantization {
        case .none:
            floats.pointer.update(from: rows.floats(id), count: dimensions)
            let table = VectorKernels.active.table
            squaredNorm = table.pointee.dot_f32(floats.pointer, floats.pointer, dimensions)
        case .int8:
            scale = Int8Codes.value(ofScale: rows.scales[Int(id)])
            makeSigned(from: rows.codes(id))
        }
    }

    /// Converts codes from offset binary to two's complement.
    private func makeSigned(from source: UnsafePointer<UInt8>) {
        var squares: Int32 = 0
        VectorKernels.active.table.pointee.signed_codes(
            source, codes.count, codes.pointer, &codeSum, &squares)
        squaredNorm = Float(squares) * scale * scale
    }
}
