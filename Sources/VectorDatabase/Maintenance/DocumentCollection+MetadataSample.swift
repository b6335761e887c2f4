import Storage

extension DocumentCollection {
    /// The metadata of up to 512 documents from all over the collection. The time does not grow with its
    /// size.
    ///
    /// - Throws: ``DatabaseError``.
    package func sampleOfMetadata() throws -> [JSONObject] {
        try rethrowing {
            try store.sampleOfMetadata(in: requireRecord()).map { try metadata($0) }
        }
    }
}
