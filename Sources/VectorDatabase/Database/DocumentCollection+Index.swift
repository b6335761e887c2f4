import Storage

extension DocumentCollection {
    /// Extends the index if it lags too far behind the store.
    func updateIndex(_ record: CollectionRecord) throws {
        guard let fresh = try store.collection(named: record.name) else { return }
        try index.update(fresh)
    }
}
