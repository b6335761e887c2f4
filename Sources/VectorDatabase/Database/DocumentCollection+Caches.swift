import DocumentStore

extension DocumentCollection {
    /// Brings the caches up to what the policy asks for.
    func updateCaches(_ record: CollectionRecord) throws {
        guard let fresh = try store.collection(named: record.name) else { return }
        try caches.writer(for: fresh).update()
    }

    /// Before a change: a file that does not belong to the database must not look as if it did
    /// afterwards.
    func prepareForWriting(_ record: CollectionRecord?) throws {
        if let record {
            try caches.writer(for: record).removeForeign()
        } else {
            caches.removeFiles()
        }
    }
}
