import Storage

extension DocumentCollection {
    /// The progress of re-encoding a collection.
    public struct ReindexProgress: Sendable {
        /// The number of passages encoded or reused by this call, without those of an interrupted
        /// earlier one.
        public var done: Int
        /// The number of passages in the collection.
        public var total: Int
        /// What the call is doing.
        public var stage: Stage

        /// The phases of re-encoding, in order: passages are encoded, then, with the new vectors in
        /// effect, the caches are rebuilt.
        public enum Stage: Sendable { case encoding, indexing }
    }

    /// Encodes all passages again, with the same or another embedder, then replaces all vectors in
    /// one transaction.
    ///
    /// Until then queries use the old vectors. An interrupted call resumes where it stopped when it
    /// is repeated with the same embedder; with another one it starts over.
    ///
    /// In PostgreSQL any number of processes that call this at the same time share the work, and what
    /// others ingest meanwhile is encoded, too, before the vectors are replaced.
    ///
    /// - Parameters:
    ///   - embedder: the embedder that the collection records from then on.
    ///   - progress: called after each batch of passages.
    /// - Throws: ``DatabaseError``; `CancellationError`.
    public func reindex(
        with embedder: any Embedder, progress: (@Sendable (ReindexProgress) -> Void)? = nil
    ) async throws {
        try await reindex(with: embedder, replacing: nil, reusing: nil, progress: progress)
    }

    /// - Parameters:
    ///   - replaced: the embedder whose vectors are expected to be replaced; `embedderMismatch` is
    ///     thrown if another process has re-encoded with a third one meanwhile.
    ///   - copy: a copy of this collection that `embedder` has already encoded.
    ///     Vectors of passages that have not changed since are taken from it.
    ///   - lease: where processes share the work, how long a part is one's without a sign of life.
    package func reindex(
        with embedder: any Embedder, replacing replaced: EmbedderIdentity?,
        reusing copy: DocumentCollection?, lease: Duration = .seconds(60),
        progress: (@Sendable (ReindexProgress) -> Void)? = nil
    ) async throws {
        try await database.asWriter { [self] in
            let record = try requireRecord()
            if let replaced, let recorded = EmbedderIdentity(record) {
                try EmbedderResolver.compare(recorded, replaced, name)
            }
            let source = try copy.flatMap { try EncodedCopy($0, embedder.identity, of: store) }
            let identity = embedder.identity
            guard identity.dimensions > 0 else {
                throw DatabaseError.embedderWithoutDimensions(name: identity.name)
            }
            try index.prepareForWriting(record)
            try begin(identity, in: record)
            let encoder = PassageEncoder(embedder: embedder, copy: source)
            if let queue = store as? any StagingQueue {
                try await SharedReindex(
                    collection: self, record: record, queue: queue, encoder: encoder, lease: lease,
                    report: progress
                ).run()
                return database.embedders.remember(embedder)
            }
            var done = 0
            var last = try store.stagedThrough(in: record)
            while true {
                try Task.checkCancellation()
                let passages = try store.passages(
                    after: last, limit: PassageEncoder.batchSize, in: record)
                guard let end = passages.last?.key else { break }
                try store.stageVectors(try await encoder.vectors(of: passages), in: record)
                last = end
                done += passages.count
                let total = record.passageCount
                progress?(ReindexProgress(done: min(done, total), total: total, stage: .encoding))
            }
            let changed = try store.commitStaging(in: record)
            database.embedders.remember(embedder)
            progress?(
                ReindexProgress(
                    done: changed.passageCount, total: changed.passageCount, stage: .indexing))
            try index.rebuildVectors(changed)
        }
    }

    /// Rebuilds the graph with other parameters; vectors are not changed.
    ///
    /// - Parameter options: the parameters that the collection records from then on.
    /// - Throws: ``DatabaseError``: `outOfRange` for parameters that are not allowed.
    public func reindex(options: IndexOptions) async throws {
        try await database.asWriter { [self] in
            let record = try requireRecord()
            var parameters = record.indexParameters
            parameters.m = options.m
            parameters.efConstruction = options.efConstruction
            try parameters.validate()
            let changed = try store.updateIndex(options, of: record)
            try index.rebuildVectors(changed)
        }
    }

    private func begin(_ identity: EmbedderIdentity, in record: CollectionRecord) throws {
        let staging = StagedModel(
            model: identity.asRecord, dimensions: identity.dimensions)
        if let present = try store.staging(of: record),
            present.model.fingerprint != identity.fingerprint
                || present.dimensions != identity.dimensions
        {
            try store.discardStaging(in: record)
        }
        try store.beginStaging(staging, in: record)
    }
}
