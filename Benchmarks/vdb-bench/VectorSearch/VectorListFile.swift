import ArgumentParser
import FileFormat
import Foundation
import VectorIndex
import VectorMath

/// A mapped fvecs or ivecs file: for each vector its dimensions (int32), then as many 4-byte
/// components. Rows are read when they are used, so that a file may be larger than memory.
final class VectorListFile: Sendable {
    let path: String
    let count: Int
    let dimensions: Int
    private let file: MappedFile

    init(path: String) throws {
        file = try MappedFile(path: path)
        guard file.count >= 4 else { throw ValidationError("\(path): holds no vectors") }
        dimensions = Int(Int32(littleEndian: file.bytes.loadUnaligned(as: Int32.self)))
        guard dimensions > 0, file.count % (4 * (dimensions + 1)) == 0 else {
            throw ValidationError("\(path): is not an fvecs or ivecs file of equal dimensions")
        }
        count = file.count / (4 * (dimensions + 1))
        self.path = path
    }

    /// One row, in the mapped file.
    func row(_ index: Int) -> UnsafeBufferPointer<Float> {
        precondition(index < count)
        return UnsafeBufferPointer(start: firstRow + index * (dimensions + 1), count: dimensions)
    }

    /// A copy of some rows, side by side.
    func rows(_ range: Range<Int>) throws -> [Float] {
        try [Float](unsafeUninitializedCapacity: range.count * dimensions) { buffer, filled in
            for (position, index) in range.enumerated() {
                let row = row(index)
                guard Int((row.baseAddress! - 1).pointee.bitPattern) == dimensions else {
                    throw ValidationError("\(path): vector \(index) has other dimensions")
                }
                (buffer.baseAddress! + position * dimensions).update(
                    from: row.baseAddress!, count: dimensions)
            }
            filled = range.count * dimensions
        }
    }

    func integers(_ index: Int) -> [Int32] { row(index).map { Int32(bitPattern: $0.bitPattern) } }

    fileprivate var firstRow: UnsafePointer<Float> {
        (file.bytes.baseAddress! + 4).assumingMemoryBound(to: Float.self)
    }

    static func writeIVecs(_ rows: [[Int32]], to path: String) throws {
        var data = Data()
        for row in rows {
            for word in [Int32(row.count)] + row {
                withUnsafeBytes(of: word.littleEndian) { data.append(contentsOf: $0) }
            }
        }
        try data.write(to: URL(fileURLWithPath: path))
    }
}

/// The rows of a file as exact vectors: label L is row L modulo the number of rows.
///
/// With the cosine metric the rows must have length one.
struct ExactRows: VectorSource {
    let file: VectorListFile
    let metric: Metric

    func score(
        _ query: UnsafeBufferPointer<Float>, labels: [Int64], hints: [Int],
        into scores: inout [Float]
    ) {
        let rows = labels.map { UInt32($0 % Int64(file.count)) }
        let (n, stride) = (file.dimensions, file.dimensions + 1)
        let kernels = VectorKernels.active.table.pointee
        if metric == .euclidean {
            kernels.l2_f32_rows(
                query.baseAddress, file.firstRow, stride, n, rows, rows.count, &scores)
            for index in scores.indices { scores[index] = -scores[index] }
        } else {
            kernels.dot_f32_rows(
                query.baseAddress, file.firstRow, stride, n, rows, rows.count, &scores)
        }
    }

    /// The best `k` of `candidates` (rows), best first, by looking at all of them.
    func nearest(_ query: UnsafeBufferPointer<Float>, k: Int, among candidates: [Int64])
        -> [ScoredKey]
    {
        var scores = [Float](repeating: 0, count: candidates.count)
        score(query, labels: candidates, hints: [], into: &scores)
        var top = TopHits(limit: k)
        for (label, score) in zip(candidates, scores) where score >= top.bound {
            top.insert(ScoredKey(key: label, score: Double(score)))
        }
        return top.hits.sorted(by: ScoredKey.precedes)
    }
}
