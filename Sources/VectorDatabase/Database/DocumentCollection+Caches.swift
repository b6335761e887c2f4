import DocumentStore

extension DocumentCollection {
    /// Writes the caches that lag further behind than the policy allows.
    func updateCaches(_ record: CollectionRecord) throws {
        guard let fresh = try store.collection(named: record.name) else { return }
        try caches.writer(for: fresh).update()
    }

    /// Deletes foreign caches before a change, so that they cannot match by accident later.
    func prepareForWriting(_ record: CollectionRecord?) throws {
        if let record {
            try caches.writer(for: record).removeForeign()
        } else {
            caches.removeFiles()
        }
    }
}
