import JSON
import Storage

extension DocumentCollection {
    /// A projection of the collection as of the last commit. The same commit, sample and seed give the
    /// same points; the newest projection is kept. Time and memory depend on the sample only.
    ///
    /// - Parameters:
    ///   - sample: the most documents; fewer if their vectors would have more than 2^24 numbers.
    ///   - seed: of the sample, and of the search for the directions.
    /// - Throws: ``DatabaseError``: `collectionMissing`, `wordsOnly` if there are no vectors.
    package func projection(sample: Int, seed: UInt64) throws -> Projection {
        try rethrowing {
            let record = try requireRecord()
            guard record.dimensions > 0 else { throw DatabaseError.wordsOnly(collection: name) }
            return try projections.projection(
                .init(
                    record: record, position: store.position(of: record), sample: sample,
                    seed: seed), from: store)
        }
    }

    /// Where other documents are in a projection; those that do not exist are left out.
    ///
    /// - Throws: ``DatabaseError``.
    package func places(
        ofDocuments ids: [String], in projection: Projection
    ) throws -> [Projection.Point] {
        try rethrowing {
            let record = projection.source.record
            let passages = try store.leadingPassages(ofIDs: ids, in: record)
            let batch = try store.vectors(forKeys: passages.map(\.key), in: record)
            return projection.places(of: batch, passages).map(\.point)
        }
    }

    /// The value of a metadata field of each point's document: of an array the first, `nil` if it is
    /// missing or an object, or if the document has been deleted meanwhile.
    ///
    /// - Throws: ``DatabaseError``.
    package func values(
        of field: FieldPath, at projection: Projection
    ) throws -> [JSONValue?] {
        try rethrowing {
            let found = try store.metadata(
                ofDocuments: projection.keys, in: projection.source.record)
            return try projection.keys.map { key in
                try found[key].flatMap { try field.value(in: metadata($0)) }
            }
        }
    }
}
