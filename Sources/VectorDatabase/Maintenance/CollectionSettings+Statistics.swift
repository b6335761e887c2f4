extension CollectionSettings {
    /// The settings that an export of the collection begins with.
    public init(_ statistics: CollectionStatistics) {
        self.init(
            metric: statistics.metric, dimensions: statistics.dimensions, model: statistics.model,
            index: statistics.index.options, indexedFields: statistics.indexedFields,
            search: statistics.search)
    }
}
