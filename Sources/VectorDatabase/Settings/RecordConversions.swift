import DocumentStore
import VectorIndex

// The same notions as the modules below name them.

extension Metric {
    init(_ metric: CollectionRecord.Metric) {
        self =
            switch metric {
            case .innerProduct: .innerProduct
            case .cosine: .cosine
            case .l2: .euclidean
            }
    }

    var asRecord: CollectionRecord.Metric {
        switch self {
        case .innerProduct: .innerProduct
        case .cosine: .cosine
        case .euclidean: .l2
        }
    }
}

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
    /// What the index of this collection is made with.
    var indexParameters: IndexParameters {
        IndexParameters(
            dimensions: dimensions,
            metric: metric == .innerProduct ? .innerProduct : metric == .cosine ? .cosine : .l2,
            quantization: index.quantization == .none ? .none : .int8, m: index.m,
            efConstruction: index.efConstruction)
    }
}
