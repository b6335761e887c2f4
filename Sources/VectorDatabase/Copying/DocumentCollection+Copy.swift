import Storage

extension DocumentCollection {
    /// Copies this collection's documents to a collection of another database, which may be of another
    /// kind: texts, metadata, vectors and what identifies their model. Nothing is encoded, so no model is
    /// needed.
    ///
    /// If the destination does not exist, it is made with the settings of this collection. If it does, it
    /// keeps its own, and documents with the same id are replaced unless their content is the same;
    /// nothing is deleted. So a call that was interrupted goes on where it stopped when it is repeated.
    ///
    /// Documents that come while the copy is being made may be in it or not; each is whole.
    ///
    /// - Parameters:
    ///   - destination: a collection of a database that is open for writing.
    ///   - progress: called after each commit.
    /// - Returns: what was done, after the last commit.
    /// - Throws: ``DatabaseError``: `collectionMissing`; `metricMismatch`, `dimensionMismatch`,
    ///   `embedderMismatch`, `noRecordedEmbedder` or `conflict` if the destination has other vectors;
    ///   `damaged` if a row is.
    ///   Also `CancellationError`. What was copied before stays.
    @discardableResult
    public func copy(
        to destination: DocumentCollection, progress: (@Sendable (CopyProgress) -> Void)? = nil
    ) async throws -> CopyProgress {
        try await destination.database.asWriter { [self] in
            let source = try requireRecord()
            let target = try destination.prepareForCopy(of: source)
            let copy = CollectionCopy(
                source: source, store: store, target: target, destination: destination,
                report: progress)
            do {
                let done = try copy.run()
                try copyIndexedFields(of: source, to: destination, target)
                try destination.updateIndex(target)
                return done
            } catch {
                // What was committed should be found, too.
                if !Task.isCancelled { try? destination.updateIndex(target) }
                throw error
            }
        }
    }

    /// Makes the collection, or checks that it has vectors of the same model.
    private func prepareForCopy(of source: CollectionRecord) throws -> CollectionRecord {
        guard let record = try store.collection(named: name) else {
            try checkName()
            try index.prepareForWriting(nil)
            return try store.createCollection(
                named: name, metric: source.metric, dimensions: source.dimensions,
                elementType: source.elementType, model: source.model, index: source.index,
                searchSettings: source.searchSettings)
        }
        guard record.metric == source.metric else {
            throw DatabaseError.metricMismatch(
                collection: name, recorded: record.metric, given: source.metric)
        }
        guard record.dimensions == source.dimensions else {
            throw DatabaseError.dimensionMismatch(
                of: "collection '\(name)'", expected: record.dimensions, found: source.dimensions)
        }
        switch (EmbedderIdentity(record), EmbedderIdentity(source)) {
        case (let recorded?, let given?): try EmbedderResolver.compare(recorded, given, name)
        case (nil, let given?):
            throw DatabaseError.noRecordedEmbedder(collection: name, given: given)
        case (let recorded?, nil):
            throw DatabaseError.conflict(
                "collection '\(name)' has vectors by \(recorded.name), and those to copy are ready-made"
            )
        case (nil, nil): break
        }
        try index.prepareForWriting(record)
        return record
    }

    private func copyIndexedFields(
        of source: CollectionRecord, to destination: DocumentCollection, _ target: CollectionRecord
    ) throws {
        for field in try store.indexedFields(of: source) {
            do { try destination.store.indexField(field, in: target) } catch StoreError.unavailable
            {
                // Filters need no index.
                return
            }
        }
    }
}
