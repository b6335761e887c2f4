import TestSupport
import Testing
import VectorIndex

/// What searches in a graph of a sample cost and find.
struct NeighborhoodMeasure {
    /// Recall@10, by score.
    let recall: Double
    /// Distances a query.
    let distances: Double
    /// Nodes of the graph.
    let nodes: Int

    init(_ sample: SampleVectors, _ parameters: IndexParameters, near queries: [[Float]]) throws {
        let folder = TemporaryFolder()
        let (index, exact) = try HNSWTests.make(sample, parameters, in: folder)
        #expect(index.count == sample.count)
        var (found, distances) = (0, 0)
        for query in queries {
            let truth = try exact.exactSearch(query, k: 10)
            let result = try index.search(query, k: 10, ef: 80, source: exact)
            found += result.hits.count { $0.score >= truth[9].score }
            distances += result.statistics.distances
        }
        recall = Double(found) / Double(10 * queries.count)
        self.distances = Double(distances) / Double(queries.count)
        nodes = index.nodeCount
    }
}
