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

    /// Passages encoded and committed together.
    private static let batchSize = 512

    /// Encodes all passages again, with the same or another embedder, then replaces all vectors in
    /// one transaction.
    ///
    /// Until then queries use the old vectors. An interrupted call resumes where it stopped when it
    /// is repeated with the same embedder; with another one it starts over.
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
    package func reindex(
        with embedder: any Embedder, replacing replaced: EmbedderIdentity?,
        reusing copy: DocumentCollection?,
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
            var done = 0
            var last = try store.stagedThrough(in: record)
            while true {
                try Task.checkCancellation()
                let passages = try store.passages(after: last, limit: Self.batchSize, in: record)
                guard let end = passages.last?.key else { break }
                try await stage(passages, embedder: embedder, source: source, in: record)
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

    private func stage(
        _ passages: [PassageRecord], embedder: any Embedder, source: EncodedCopy?,
        in record: CollectionRecord
    ) async throws {
        var vectors = try source?.vectors(of: passages) ?? [:]
        let open = passages.filter { vectors[$0.key] == nil }.sorted {
            $0.text.utf8.count < $1.text.utf8.count
        }
        let texts = open.map { Document.embeddedText(title: $0.title, text: $0.text) }
        let embeddings = try await EncodingCheck.embed(texts, with: embedder) {
            $0.isEmpty ? [] : try await embedder.embedDocuments($0)
        }
        for (passage, embedding) in zip(open, embeddings) {
            try VectorCheck.check(
                embedding.vector, dimensions: embedder.identity.dimensions,
                of: "document '\(passage.documentID)'")
            vectors[passage.key] = embedding.vector
        }
        try store.stageVectors(
            vectors.sorted { $0.key < $1.key }.map { (passage: $0.key, vector: $0.value) },
            in: record)
    }
}
