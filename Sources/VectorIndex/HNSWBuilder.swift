import VectorMath

/// A graph under construction: insert, remove, save. One thread at a time calls it; it uses several.
///
/// Malkov & Yashunin's algorithm 1 in batches. The nodes of a batch are searched for in the graph
/// as it was before the batch, and compared with the earlier nodes of their own batch directly;
/// then all links are merged, each list by itself, in the order of the nodes. Nothing depends on
/// which thread did what, so that the same input gives the same bytes whatever their number.
package final class HNSWBuilder {
    /// How the graph is built.
    package let parameters: IndexParameters
    var storage: GraphStorage
    /// The highest label inserted so far.
    package internal(set) var lastLabel: Int64?

    private var workers: [Worker] = []

    /// Memory of one thread.
    final class Worker: @unchecked Sendable {
        let walker: GraphWalker
        let selection: NeighborSelection

        init(dimensions: Int) {
            walker = GraphWalker(dimensions: dimensions)
            selection = NeighborSelection(dimensions: dimensions)
        }
    }

    /// - Throws: `invalidParameter`.
    package init(parameters: IndexParameters) throws(IndexError) {
        try parameters.validate()
        self.parameters = parameters
        storage = GraphStorage(parameters: parameters)
    }

    /// Vectors in the graph.
    package var count: Int { storage.liveCount }

    /// Places for vectors, in use or free to be used again: does not grow while as many are removed
    /// as are inserted.
    package var slotCount: Int { storage.count }

    /// Makes room for so many vectors in all, so that inserting does not move them again and again.
    package func reserve(_ count: Int) { storage.reserve(count) }

    /// Labels in the graph, increasing.
    package var labels: [Int64] {
        (0..<storage.count).lazy.map { self.storage.labels[$0] }
            .filter { $0 != GraphStorage.noLabel }.sorted()
    }

    func workers(_ count: Int) -> [Worker] {
        while workers.count < count { workers.append(Worker(dimensions: parameters.dimensions)) }
        return workers
    }

    /// Adds vectors: `labels.count` rows of `parameters.dimensions` components. Either all of them
    /// are added or, where an error is thrown, none.
    ///
    /// - Throws: `dimensionMismatch`, `notFinite`, `labelNotIncreasing` (labels also come after all
    ///   that were inserted before), `tooManyVectors`.
    /// - Complexity: for each vector O(efConstruction m log n) distances.
    package func insert(labels: [Int64], vectors: UnsafeBufferPointer<Float>, threads: Int = 1)
        throws(IndexError)
    {
        let dimensions = parameters.dimensions
        guard vectors.count == labels.count * dimensions else {
            throw .dimensionMismatch(
                expected: dimensions, found: labels.isEmpty ? 0 : vectors.count / labels.count)
        }
        guard storage.liveCount + labels.count <= GraphLayers.nodeLimit else {
            throw .tooManyVectors(limit: GraphLayers.nodeLimit)
        }
        var previous = lastLabel ?? GraphStorage.noLabel
        for (index, label) in labels.enumerated() {
            guard label > previous else {
                throw .labelNotIncreasing(previous: previous, label: label)
            }
            previous = label
            let row = UnsafeBufferPointer(
                rebasing: vectors[index * dimensions..<(index + 1) * dimensions])
            guard DotProduct.isFinite(row) else { throw .notFinite(label: label) }
        }
        guard !labels.isEmpty else { return }
        var start = 0
        while start < labels.count {
            let end = min(labels.count, start + nextBatchSize)
            try insertBatch(
                labels: labels[start..<end],
                vectors: UnsafeBufferPointer(
                    rebasing: vectors[start * dimensions..<end * dimensions]),
                threads: threads)
            start = end
        }
    }

    package func insert(labels: [Int64], vectors: [Float], threads: Int = 1) throws(IndexError) {
        var failure: IndexError?
        vectors.withUnsafeBufferPointer { vectors in
            do throws(IndexError) {
                try insert(labels: labels, vectors: vectors, threads: threads)
            } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// Batches are a small part of the graph, so that comparing their nodes with one another stays
    /// cheap beside the search, and large enough to share among threads.
    private var nextBatchSize: Int { min(1024, max(128, storage.liveCount / 16)) }
}
