/// The model of an unfinished re-encoding, whose vectors are collected beside those in use.
package struct StagedModel: Sendable, Equatable, Codable {
    package let model: CollectionRecord.ModelRecord
    package let dimensions: Int

    package init(model: CollectionRecord.ModelRecord, dimensions: Int) {
        self.model = model
        self.dimensions = dimensions
    }
}
