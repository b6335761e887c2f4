import FileFormat
import Foundation

/// The parameters of a collection's index.
package struct IndexParameters: Sendable, Codable, Equatable {
    /// The number of components of a vector, D.
    package var dimensions: Int
    /// How vectors are compared.
    package var metric: Metric
    /// The form of the vectors that the walk compares.
    package var quantization: VectorQuantization
    /// The most links of a new node (M in Malkov and Yashunin); layer 0 allows twice as many per
    /// node.
    package var m: Int
    /// The number of candidates kept while the neighbors of a new node are searched.
    package var efConstruction: Int

    /// The default number of candidates kept during a search.
    package static let defaultEf = 100

    package init(
        dimensions: Int, metric: Metric = .innerProduct, quantization: VectorQuantization = .int8,
        m: Int = 16, efConstruction: Int = 200
    ) {
        self.dimensions = dimensions
        self.metric = metric
        self.quantization = quantization
        self.m = m
        self.efConstruction = efConstruction
    }

    /// - Throws: `invalidParameter` for a value outside its range.
    package func validate() throws(IndexError) {
        func check(_ name: String, _ value: Int, _ allowed: ClosedRange<Int>) throws(IndexError) {
            guard allowed.contains(value) else {
                throw .invalidParameter(name: name, value: value, allowed: allowed)
            }
        }
        try check("dimensions", dimensions, 1...65_536)
        try check("m", m, 2...128)
        try check("efConstruction", efConstruction, 1...100_000)
    }
}

/// Identifies the database that a cache file belongs to, and how much of it the file covers.
package struct IndexHeader: Sendable, Equatable {
    /// The database that the file belongs to.
    package var databaseIdentity: UUID
    /// The collection's key in that database.
    package var collection: Int64
    /// The model that made the vectors.
    package var modelFingerprint: ContentHash
    /// The change-log position up to which the file is complete.
    package var changeLogPosition: Int64
    /// The log's token at that position, which differs between copies of a database that diverged.
    package var historyToken: Int64

    package init(
        databaseIdentity: UUID, collection: Int64, modelFingerprint: ContentHash,
        changeLogPosition: Int64, historyToken: Int64 = 0
    ) {
        self.databaseIdentity = databaseIdentity
        self.collection = collection
        self.modelFingerprint = modelFingerprint
        self.changeLogPosition = changeLogPosition
        self.historyToken = historyToken
    }
}
