import Storage
import VectorIndex

extension Database {
    /// Creates a collection without documents, durably once it returns. The first ingest would create it,
    /// too, with the settings that fit its documents.
    ///
    /// ```swift
    /// try await database.createCollection("images", metric: .cosine, dimensions: 512)
    /// ```
    ///
    /// - Parameters:
    ///   - name: the collection's name.
    ///   - metric: how vectors are compared.
    ///   - dimensions: the components of ready-made vectors; 0 for words only. `nil` for those of the
    ///     database's embedder, which then encodes the collection.
    ///   - index: how the graph is built.
    /// - Returns: whether it was created; `false` if a collection with the same settings exists.
    /// - Throws: ``DatabaseError``: `metricMismatch`, `dimensionMismatch` or `conflict` if the collection
    ///   exists with other settings; `embedderMissing`, `invalidCollectionName`, `outOfRange`, `readOnly`.
    @discardableResult
    public func createCollection(
        _ name: String, metric: Metric = .innerProduct, dimensions: Int? = nil,
        index: IndexOptions = IndexOptions()
    ) async throws -> Bool {
        let collection = collection(name)
        return try await asWriter { [self] in
            try collection.checkName()
            if let dimensions, !(0...Self.largestDimensions).contains(dimensions) {
                throw DatabaseError.outOfRange(
                    parameter: "dimensions", value: "\(dimensions)",
                    allowed: "0 to \(Self.largestDimensions)")
            }
            let identity =
                dimensions == nil
                ? try embedders.embedder(for: nil, collection: name)?.identity : nil
            guard let dimensions = dimensions ?? identity?.dimensions else {
                throw DatabaseError.embedderMissing(collection: name, recorded: nil)
            }
            try IndexParameters(
                dimensions: max(1, dimensions), metric: metric, quantization: index.quantization,
                m: index.m, efConstruction: index.efConstruction
            ).validate()
            if let record = try store.collection(named: name) {
                try Self.compare(record, metric, dimensions, identity, index)
                return false
            }
            try collection.index.prepareForWriting(nil)
            _ = try collection.create(
                dimensions: dimensions, metric: metric, identity: identity, index: index)
            return true
        }
    }

    /// The most components of a vector.
    private static let largestDimensions = 65_536

    private static func compare(
        _ record: CollectionRecord, _ metric: Metric, _ dimensions: Int,
        _ identity: EmbedderIdentity?, _ index: IndexOptions
    ) throws {
        if record.metric != metric {
            throw DatabaseError.metricMismatch(
                collection: record.name, recorded: record.metric, given: metric)
        }
        if record.dimensions != dimensions {
            throw DatabaseError.dimensionMismatch(
                of: "collection '\(record.name)'", expected: record.dimensions, found: dimensions)
        }
        if let identity, let recorded = EmbedderIdentity(record) {
            try EmbedderResolver.compare(recorded, identity, record.name)
        }
        if record.index != index {
            throw DatabaseError.conflict(
                "collection '\(record.name)' exists with other index options")
        }
    }
}
