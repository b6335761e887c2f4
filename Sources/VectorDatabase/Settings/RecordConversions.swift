import DocumentStore
import VectorIndex

// Conversion to the types of the modules below.

extension IndexOptions {
    init(_ record: CollectionRecord.IndexRecord) {
        self.init(
            m: record.m, efConstruction: record.efConstruction,
            quantization: record.quantization == .none ? .none : .int8)
    }

    var asRecord: CollectionRecord.IndexRecord {
        CollectionRecord.IndexRecord(
            m: m, efConstruction: efConstruction,
            quantization: quantization == .none ? .none : .int8)
    }
}

extension CollectionRecord {
    /// The parameters of this collection's graph.
    var indexParameters: IndexParameters {
        IndexParameters(
            dimensions: dimensions, metric: metric,
            quantization: index.quantization == .none ? .none : .int8, m: index.m,
            efConstruction: index.efConstruction)
    }
}
