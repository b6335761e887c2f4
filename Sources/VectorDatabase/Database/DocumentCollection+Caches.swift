import DocumentStore

extension DocumentCollection {
    /// - Parameters:
    ///   - filter: `nil` for all documents.
    ///   - isFresh: whether it must see commits that are not acknowledged yet, too.
    func retriever(
        for record: CollectionRecord, filter: MetadataPredicate?, isFresh: Bool
    ) throws -> any Retriever {
        try caches.retriever(for: record, filter: filter, isFresh: isFresh)
    }

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
