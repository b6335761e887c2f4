import Storage
import VectorIndex

extension CollectionRecord {
    /// The parameters of this collection's graph.
    var indexParameters: IndexParameters {
        IndexParameters(
            dimensions: dimensions, metric: metric,
            quantization: index.quantization, m: index.m,
            efConstruction: index.efConstruction)
    }
}
