import Ranking

/// A collection's row in the database.
package struct CollectionRecord: Sendable, Equatable {
    /// Never reused.
    package let id: Int64
    package let name: String
    package let metric: Metric
    /// 0 for a collection without vectors.
    package let dimensions: Int
    package let elementType: VectorElement
    package let model: ModelRecord
    package let index: IndexOptions
    /// The number of documents and passages as of the last commit.
    package let documentCount: Int
    package let passageCount: Int
    /// How the collection is searched, as a JSON object that the store does not interpret; nil for
    /// the program's own way.
    package let searchSettings: String?

    /// The model that made the vectors. Vectors of another model are refused.
    package struct ModelRecord: Sendable, Equatable, Codable {
        package var name: String
        /// Covers weights, tokenizer, template, instructions, compressed tokens and pooling. For
        /// ready-made vectors, a constant chosen by the caller.
        package var fingerprint: String
        /// The model's path, for opening it again; `nil` for the built-in model and ready-made
        /// vectors.
        package var path: String?
        /// A JSON object that the store does not interpret.
        package var settings: String

        package init(
            name: String, fingerprint: String, path: String? = nil, settings: String = "{}"
        ) {
            self.name = name
            self.fingerprint = fingerprint
            self.path = path
            self.settings = settings
        }
    }

    package init(
        id: Int64, name: String, metric: Metric, dimensions: Int, elementType: VectorElement,
        model: ModelRecord, index: IndexOptions, documentCount: Int, passageCount: Int,
        searchSettings: String?
    ) {
        self.id = id
        self.name = name
        self.metric = metric
        self.dimensions = dimensions
        self.elementType = elementType
        self.model = model
        self.index = index
        self.documentCount = documentCount
        self.passageCount = passageCount
        self.searchSettings = searchSettings
    }

    /// - Throws: `fingerprintMismatch` or `dimensionMismatch` if a model is not the one that made
    ///   this collection's vectors. Other weights make another model, even with equal dimensions.
    package func verify(fingerprint: String, dimensions: Int) throws(StoreError) {
        guard fingerprint == model.fingerprint else {
            throw .fingerprintMismatch(
                collection: name, expected: model.fingerprint, found: fingerprint)
        }
        guard dimensions == self.dimensions else {
            throw .dimensionMismatch(
                collection: name, expected: self.dimensions, found: dimensions)
        }
    }
}
