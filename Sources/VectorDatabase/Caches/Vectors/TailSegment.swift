import Storage
import VectorIndex

/// Rows in memory, shared by snapshots and prepared for the metric (normalized for the cosine).
package final class TailSegment: @unchecked Sendable {
    package let keys: [Int64]
    private let dimensions: Int
    /// `[keys.count, dimensions]`, row-major; allocated by hand so that its address never changes.
    private let values: UnsafeMutableBufferPointer<Float>

    /// Prepares rows as they are stored.
    package init(_ batch: VectorBatch, metric: Metric) throws {
        keys = batch.keys
        dimensions = batch.dimensions
        values = .allocate(capacity: max(1, batch.values.count))
        values.initialize(repeating: 0)
        guard let base = values.baseAddress else { return }
        try batch.values.withUnsafeBufferPointer { source in
            for (row, key) in batch.keys.enumerated() {
                let range = row * dimensions..<(row + 1) * dimensions
                try metric.prepared(
                    UnsafeBufferPointer(rebasing: source[range]), dimensions: dimensions,
                    label: key, into: base + range.lowerBound)
            }
        }
    }

    /// The rows of several segments, in order.
    init(joining segments: [TailSegment], dimensions: Int) {
        keys = segments.flatMap(\.keys)
        self.dimensions = dimensions
        values = .allocate(capacity: max(1, keys.count * dimensions))
        values.initialize(repeating: 0)
        var start = 0
        for segment in segments {
            let count = segment.keys.count * dimensions
            if let target = values.baseAddress, let source = segment.values.baseAddress {
                (target + start).update(from: source, count: count)
            }
            start += count
        }
    }

    deinit { values.deallocate() }

    /// All rows, for exact search; valid while `self` lives.
    package var vectors: FlatVectors {
        FlatVectors(
            count: keys.count, dimensions: dimensions, element: .float32,
            base: UnsafeRawPointer(values.baseAddress!), labels: { [keys] in keys[$0] })
    }
}
