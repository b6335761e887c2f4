import JSON
import Storage
import TextBytes

extension DocumentCollection {
    /// The metadata fields of a filter that no document has, as the filter writes them.
    ///
    /// - Throws: ``DatabaseError``.
    public func unknownFields(of filter: Filter) throws -> [String] {
        try rethrowing {
            let record = try requireRecord()
            return try filter.predicate.fields.filter { field in
                try store.count(where: .isNotNull(field: field), in: record) == 0
            }.map(Filter.written(predicateField:))
        }
    }

    /// Changes the metadata of documents, durably once it returns. Nothing is encoded.
    ///
    /// - Parameters:
    ///   - ids: the documents; ids that do not exist are ignored.
    ///   - change: called with the metadata of each.
    /// - Returns: the number of documents whose metadata have changed.
    /// - Throws: ``DatabaseError``; changes are committed in batches, and those before it stay.
    @discardableResult
    public func updateMetadata(
        ofDocuments ids: [String], _ change: @escaping @Sendable (inout JSONObject) -> Void
    ) async throws -> Int {
        try await database.asWriter { [self] in
            let record = try requireRecord()
            var count = 0
            for start in stride(from: 0, to: ids.count, by: 1000) {
                var writes: [MetadataWrite] = []
                for id in ids[start..<min(start + 1000, ids.count)] {
                    guard let stored = try store.document(id: id, in: record) else { continue }
                    let before = try metadata(stored.metadata)
                    var after = before
                    change(&after)
                    if after == before { continue }
                    let json = after.isEmpty ? nil : JSONValue.object(after).jsonText
                    writes.append(
                        MetadataWrite(
                            id: id, metadata: json,
                            contentHash: ContentSignature.replacingMetadata(
                                of: stored.contentHash, with: json ?? "")))
                }
                count += try store.setMetadata(writes, in: record)
            }
            return count
        }
    }
}
