import DocumentStore

extension DocumentCollection {
    /// How far a re-encoding has come.
    public struct ReindexProgress: Sendable {
        /// Passages that this call has encoded.
        public var done: Int
        public var total: Int
        public var stage: Stage

        public enum Stage: Sendable { case encoding, indexing }
    }

    /// Passages encoded and committed together.
    private static let batchSize = 512

    /// Encodes everything again, with another embedder or the same, and puts the new vectors in the
    /// place of the old ones all at once.
    ///
    /// Until then queries are answered with the old vectors. Interrupted, it goes on where it stopped
    /// when it is called again with the same embedder; with another one it begins again.
    ///
    /// - Throws: ``DatabaseError``; `CancellationError`.
    public func reindex(
        with embedder: any Embedder, progress: (@Sendable (ReindexProgress) -> Void)? = nil
    ) async throws {
        try await database.asWriter { [self] in
            let record = try requireRecord()
            let identity = embedder.identity
            guard identity.dimensions > 0 else {
                throw DatabaseError.invalidArgument(
                    name: "embedder", value: "'\(identity.name)'", reason: "it has no dimensions")
            }
            try prepareForWriting(record)
            try begin(identity, in: record)
            var done = 0
            var last = try store.stagedThrough(in: record)
            while true {
                try Task.checkCancellation()
                let passages = try store.passages(after: last, limit: Self.batchSize, in: record)
                guard let end = passages.last?.key else { break }
                try await stage(passages, embedder: embedder, in: record)
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
            try maintain(changed, .rebuild)
        }
    }

    /// Builds the index again with other parameters; vectors stay as they are.
    public func reindex(options: IndexOptions) async throws {
        try await database.asWriter { [self] in
            let record = try requireRecord()
            var parameters = record.indexParameters
            parameters.m = options.m
            parameters.efConstruction = options.efConstruction
            try parameters.validate()
            let changed = try store.updateIndex(options.asRecord, of: record)
            try maintain(changed, .rebuild)
        }
    }

    private func begin(_ identity: EmbedderIdentity, in record: CollectionRecord) throws {
        let staging = DocumentStore.Staging(
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
        _ passages: [PassageRecord], embedder: any Embedder, in record: CollectionRecord
    ) async throws {
        let order = passages.indices.sorted {
            passages[$0].text.utf8.count < passages[$1].text.utf8.count
        }
        let texts = order.map { index in
            Document.embeddedText(title: passages[index].title, text: passages[index].text)
        }
        let embeddings = try await EncodingCheck.embed(texts, with: embedder) {
            try await embedder.embedDocuments($0)
        }
        var vectors: [(passage: Int64, vector: [Float])] = []
        for (index, embedding) in zip(order, embeddings) {
            try VectorCheck.check(
                embedding.vector, dimensions: embedder.identity.dimensions,
                of: "document '\(passages[index].documentID)'")
            vectors.append((passages[index].key, embedding.vector))
        }
        vectors.sort { $0.passage < $1.passage }
        try store.stageVectors(vectors, in: record)
    }
}
