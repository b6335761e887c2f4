import CVectorKernels
import VectorMath

/// A matrix of vectors in memory that the caller keeps alive, with their labels.
package struct FlatVectors: @unchecked Sendable {
    /// The number of rows, N.
    package let count: Int
    /// The number of components in a row, D.
    package let dimensions: Int
    /// The type of the components.
    package let element: VectorElement
    /// Row r starts at `base + r * dimensions * element.byteCount`.
    package let base: UnsafeRawPointer
    let labels: @Sendable (Int) -> Int64

    package init(
        count: Int, dimensions: Int, element: VectorElement, base: UnsafeRawPointer,
        labels: @escaping @Sendable (Int) -> Int64
    ) {
        self.count = count
        self.dimensions = dimensions
        self.element = element
        self.base = base
        self.labels = labels
    }

    /// Scores `count` rows from `start` on, or the rows `start + ids[i]`, against a prepared query.
    func score(
        _ query: UnsafePointer<Float>, metric: Metric, from start: Int, count: Int,
        ids: UnsafePointer<UInt32>? = nil, into scores: UnsafeMutablePointer<Float>
    ) {
        let kernels = VectorKernels.active.table.pointee
        let n = dimensions
        let rows = base + start * n * element.byteCount
        switch (element, metric) {
        case (.float32, .euclidean):
            kernels.l2_f32_rows(
                query, rows.assumingMemoryBound(to: Float.self), n, n, ids, count, scores)
        case (.float32, _):
            kernels.dot_f32_rows(
                query, rows.assumingMemoryBound(to: Float.self), n, n, ids, count, scores)
        case (.float16, .euclidean):
            kernels.l2_f16_rows(
                query, rows.assumingMemoryBound(to: UInt16.self), n, n, ids, count, scores)
        case (.float16, _):
            kernels.dot_f16_rows(
                query, rows.assumingMemoryBound(to: UInt16.self), n, n, ids, count, scores)
        }
        if metric == .euclidean { for i in 0..<count { scores[i] = 0 - scores[i] } }
    }
}

/// Finds the nearest vectors by scanning all of them. The result is exact.
package enum ExactSearch {
    /// The number of rows scored at a time; their scores fit the L1 cache.
    private static let block = 512

    /// The best `k` rows, best first, ties by label.
    ///
    /// With the cosine metric the rows must be normalized, as `Metric.prepared` does.
    ///
    /// - Throws: `dimensionMismatch`, `notFinite`.
    /// - Complexity: O(n d), on `threads` threads.
    package static func search(
        _ query: [Float], in vectors: FlatVectors, metric: Metric, k: Int,
        filter: LabelFilter? = nil, threads: Int = 1
    ) throws(IndexError) -> [ScoredKey] {
        let prepared = AlignedArray<Float>(repeating: 0, count: max(1, vectors.dimensions))
        let copy = AlignedArray(query)
        try metric.prepared(
            UnsafeBufferPointer(start: copy.pointer, count: copy.count),
            dimensions: vectors.dimensions, into: prepared.pointer)
        guard k > 0, vectors.count > 0 else { return [] }
        let blocks = (vectors.count + block - 1) / block
        let threads = max(1, min(threads, blocks))
        let tops = Tops(k: k, workers: threads, query: prepared)
        WorkerThreads.run(count: blocks, threads: threads) { worker, index in
            let start = index * block
            tops.scan(
                worker, vectors, metric: metric, from: start,
                count: min(block, vectors.count - start), filter: filter)
        }
        return tops.merged
    }

    /// The best `k` hits of each thread.
    private final class Tops: @unchecked Sendable {
        private let k: Int
        private let query: AlignedArray<Float>
        private let scores: [AlignedArray<Float>]
        private let passing: [AlignedArray<UInt32>]
        private let slots: UnsafeMutablePointer<TopHits>

        init(k: Int, workers: Int, query: AlignedArray<Float>) {
            self.k = k
            self.query = query
            scores = (0..<workers).map { _ in AlignedArray(repeating: 0, count: ExactSearch.block) }
            passing = (0..<workers).map { _ in AlignedArray(repeating: 0, count: ExactSearch.block)
            }
            slots = .allocate(capacity: workers)
            slots.initialize(repeating: TopHits(limit: k), count: workers)
        }

        deinit {
            slots.deinitialize(count: scores.count)
            slots.deallocate()
        }

        func scan(
            _ worker: Int, _ vectors: FlatVectors, metric: Metric, from start: Int, count: Int,
            filter: LabelFilter?
        ) {
            let scores = scores[worker].pointer
            guard let filter else {
                vectors.score(
                    query.pointer, metric: metric, from: start, count: count, into: scores)
                for i in 0..<count where scores[i] >= slots[worker].bound {
                    slots[worker].insert(
                        ScoredKey(
                            key: vectors.labels(start + i), score: Double(scores[i])))
                }
                return
            }
            // Filter first, since that is cheaper than scoring.
            let rows = passing[worker].pointer
            var passed = 0
            for i in 0..<count where filter.contains(vectors.labels(start + i)) {
                rows[passed] = UInt32(i)
                passed += 1
            }
            guard passed > 0 else { return }
            vectors.score(
                query.pointer, metric: metric, from: start, count: passed, ids: rows, into: scores)
            for i in 0..<passed where scores[i] >= slots[worker].bound {
                slots[worker].insert(
                    ScoredKey(
                        key: vectors.labels(start + Int(rows[i])), score: Double(scores[i])))
            }
        }

        var merged: [ScoredKey] {
            var all: [ScoredKey] = []
            for worker in scores.indices { all += slots[worker].hits }
            all.sort(by: ScoredKey.precedes)
            return Array(all.prefix(k))
        }
    }
}

/// Keeps the best of many hits in a heap whose root is the worst one kept.
package struct TopHits: Sendable {
    /// The most hits kept, k.
    package let limit: Int
    private var heap: [ScoredKey] = []

    package init(limit: Int) { self.limit = limit }

    /// Scores below this are not kept.
    package var bound: Float { heap.count < limit ? -.infinity : Float(heap[0].score) }

    /// The hits kept, unsorted.
    package var hits: [ScoredKey] { heap }

    /// Adds a hit if it is among the best so far.
    ///
    /// - Complexity: O(log k).
    package mutating func insert(_ hit: ScoredKey) {
        if heap.count < limit {
            heap.append(hit)
            var child = heap.count - 1
            while child > 0, ScoredKey.precedes(heap[(child - 1) / 2], heap[child]) {
                heap.swapAt(child, (child - 1) / 2)
                child = (child - 1) / 2
            }
        } else if limit > 0, ScoredKey.precedes(hit, heap[0]) {
            heap[0] = hit
            var parent = 0
            while true {
                var worst = parent
                for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                    if ScoredKey.precedes(heap[worst], heap[child]) { worst = child }
                }
                if worst == parent { break }
                heap.swapAt(parent, worst)
                parent = worst
            }
        }
    }
}
