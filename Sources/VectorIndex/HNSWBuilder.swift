import VectorMath

/// A graph under construction: insert, remove, save. Call it from one thread at a time; it uses
/// several itself.
///
/// Algorithm 1 of Malkov and Yashunin (2018), in batches. For each node of a batch, neighbors are
/// searched in the graph as it was before the batch, and among the earlier nodes of the batch by
/// comparison with each. Then all links are merged, list by list, in the order of the nodes.
/// Nothing depends on the assignment of work to threads, so that the same input gives the same
/// bytes whatever the number of threads.
///
/// Vectors whose rows are equal (with int8: whose codes are, or nearly) share one node; see
/// ``CopyGroups``.
package final class HNSWBuilder {
    /// How the graph is built.
    package let parameters: IndexParameters
    var storage: GraphStorage
    /// The highest label inserted so far.
    package internal(set) var lastLabel: Int64?

    /// Whether `save` writes one-bit codes of each node's neighbors (see `NeighborCodes`), with which
    /// searches are about twice as fast and the file is more than five times as large.
    package private(set) var storesNeighborCodes = false

    private var workers: [Worker] = []
    let encodedRow: EncodedRow

    /// The scratch memory of one thread.
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
        encodedRow = EncodedRow(parameters)
    }

    /// Sets whether `save` writes neighbor codes. Only graphs of 8-bit codes have them; for others
    /// nothing changes.
    package func storeNeighborCodes(_ stores: Bool) {
        storesNeighborCodes = stores && NeighborCodes.areAllowed(parameters)
    }

    /// The number of vectors in the graph.
    package var count: Int { storage.vectorCount }

    /// The number of slots for vectors, used or free. It does not grow as long as as many vectors
    /// are removed as inserted.
    package var slotCount: Int { storage.count }

    /// Reserves memory for `count` vectors in total, so that inserting does not move them
    /// repeatedly.
    package func reserve(_ count: Int) { storage.reserve(count) }

    /// Labels in the graph, increasing.
    package var labels: [Int64] {
        let own = (0..<storage.count).lazy.map { self.storage.labels[$0] }
            .filter { $0 != GraphStorage.noLabel }
        let copies = storage.copies.groups.values.joined().map(\.labels).joined()
        return (Array(own) + copies).sorted()
    }

    func workers(_ count: Int) -> [Worker] {
        while workers.count < count { workers.append(Worker(dimensions: parameters.dimensions)) }
        return workers
    }

    /// Adds vectors, `[labels.count, parameters.dimensions]`. If an error is thrown, none is added.
    ///
    /// - Throws: `dimensionMismatch`, `notFinite`, `labelNotIncreasing` (labels also come after all
    ///   that were inserted before), `tooManyVectors`.
    /// - Complexity: O(efConstruction m log n) distances per vector.
    package func insert(labels: [Int64], vectors: UnsafeBufferPointer<Float>, threads: Int = 1)
        throws(IndexError)
    {
        let dimensions = parameters.dimensions
        guard vectors.count == labels.count * dimensions else {
            throw .dimensionMismatch(
                expected: dimensions, found: labels.isEmpty ? 0 : vectors.count / labels.count)
        }
        guard storage.vectorCount + labels.count <= GraphLayers.nodeLimit else {
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

    /// Batches are small compared with the graph, so that comparing their nodes with one another is
    /// cheap compared with the search, and large enough to share among threads.
    private var nextBatchSize: Int { min(1024, max(128, storage.liveCount / 16)) }
}
