import CVectorKernels

/// Rows of activations as signed bytes, with one scale per 32, for products with quantized weights.
/// For one thread; the memory grows and is reused.
///
/// x ≈ scale · a with scale = max |x| / 127 and a in -127 ... 127, so that the error is at most
/// scale / 2. A number that is not finite makes the scale of its group NaN, and so all products of
/// its row.
package final class QuantizedRows {
    private var memory = AlignedMemory(byteCount: 0)
    private(set) var kernel = quantized_rows()
    package private(set) var count = 0

    package init() {}

    /// The number of components in a row, a multiple of 32.
    package var width: Int { kernel.width }

    /// Replaces the content by the rows of x `[rows, width]`.
    package func load(_ x: UnsafePointer<Float>, stride: Int, rows: Int, width: Int) {
        precondition(width.isMultiple(of: 32))
        reserve(rows: rows, width: width)
        count = rows
        quantized_rows_from_float32(x, stride, 0, rows, &kernel)
    }

    private func reserve(rows: Int, width: Int) {
        func lines(_ bytes: Int) -> Int { (bytes + 63) / 64 * 64 }
        let (values, scales) = (lines(rows * width), lines(rows * width / 32 * 4))
        let needed = values + scales + lines(rows * width / 16 * 2)
        if needed > memory.byteCount { memory = AlignedMemory(byteCount: needed) }
        let base = memory.base
        kernel = quantized_rows(
            values: base.assumingMemoryBound(to: Int8.self),
            scales: (base + values).assumingMemoryBound(to: Float.self),
            sums: (base + values + scales).assumingMemoryBound(to: Int16.self), width: width)
    }

    /// The reference for `load`, for one row: bytes and scales.
    package static func reference(_ row: [Float]) -> (values: [Int8], scales: [Float]) {
        var (values, scales): ([Int8], [Float]) = ([], [])
        for start in stride(from: 0, to: row.count, by: 32) {
            let part = row[start..<start + 32]
            let largest = part.reduce(0) { $1.isFinite ? max($0, abs($1)) : .infinity }
            let scale = largest / 127
            if largest.isFinite, scale >= .leastNormalMagnitude {
                scales.append(scale)
                values += part.map { Int8(($0 * (1 / scale)).rounded(.toNearestOrEven)) }
            } else {
                scales.append(largest.isFinite ? 0 : .nan)
                values += [Int8](repeating: 0, count: 32)
            }
        }
        return (values, scales)
    }
}
