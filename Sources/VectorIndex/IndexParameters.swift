import FileFormat
import Foundation

/// What a collection fixes about its index.
package struct IndexParameters: Sendable, Codable, Equatable {
    /// Numbers in a vector, D.
    package var dimensions: Int
    /// How vectors are compared.
    package var metric: Metric
    /// What the walk compares.
    package var quantization: VectorQuantization
    /// Links a new node asks for; layer 0 holds twice as many (Malkov & Yashunin's M).
    package var m: Int
    /// Candidates kept while a new node's neighbors are searched.
    package var efConstruction: Int

    /// Candidates kept during a search whose caller names no number.
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

/// Whose cache a file is, and how much of the truth it covers.
package struct IndexHeader: Sendable, Equatable {
    /// The database that the file belongs to.
    package var databaseIdentity: UUID
    /// The collection's key in that database.
    package var collection: Int64
    /// The model that made the vectors.
    package var modelFingerprint: ContentHash
    /// The change log's position up to which the file is complete.
    package var changeLogPosition: Int64
    /// The log's token at that position: a copy of the database that went on apart has another.
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
