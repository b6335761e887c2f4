import Storage

extension DocumentCollection {
    /// Ingests documents. Reading, encoding, storing and indexing overlap, in memory that does not
    /// grow with the number of documents.
    ///
    /// ```swift
    /// var options = IngestOptions()
    /// options.acknowledged = { count in print("\(count) documents are safe") }
    /// let summary = try await notes.ingest(documents, options: options)
    /// ```
    ///
    /// A document that is already stored with the same content is not encoded again, so an
    /// interrupted ingest resumes where it stopped when it is called again with the same documents.
    /// A document of which only the metadata have changed keeps its vectors.
    ///
    /// Cancel the task to stop. Acknowledged documents stay stored.
    ///
    /// - Parameters:
    ///   - documents: pulled one by one, as fast as they can be stored.
    ///   - options: how to treat known and faulty documents, and how to cut long ones.
    ///   - progress: called from the ingest's tasks after each step of a stage.
    /// - Returns: counts of what was done with the documents.
    /// - Throws: ``DatabaseError``; errors of the sequence; `CancellationError`.
    public func ingest<Documents: AsyncSequence & Sendable>(
        _ documents: Documents, options: IngestOptions = IngestOptions(),
        progress: (@Sendable (IngestProgress) -> Void)? = nil
    ) async throws -> IngestSummary where Documents.Element == Document {
        try await database.asWriter { [self] in
            let record = try store.collection(named: name)
            try check(options, record: record)
            try index.prepareForWriting(record)
            let run = IngestRun(self, record: record, options: options, report: progress)
            if !options.synchronizedSources.isEmpty { try store.beginSync() }
            do {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { await run.read(documents) }
                    group.addTask { await run.prepare() }
                    group.addTask { await run.encode() }
                    group.addTask { try await run.store() }
                    group.addTask { try await run.index() }
                    // The first failure leaves this block and so cancels the other stages, some of
                    // which wait for the one that failed: waitForAll() would never end.
                    while try await group.next() != nil {}
                }
            } catch {
                // The documents before the one that failed are stored; index them, too.
                if !Task.isCancelled, options.work == nil, let record = run.currentRecord {
                    try? updateIndex(record)
                }
                throw error
            }
            try store.requireInPlace()
            return run.progress.withLock { $0.stored }
        }
    }

    /// Ingests an array of documents, as the variant for sequences does.
    ///
    /// - Returns: counts of what was done with the documents.
    /// - Throws: ``DatabaseError``; `CancellationError`.
    @discardableResult
    public func ingest(
        _ documents: [Document], options: IngestOptions = IngestOptions(),
        progress: (@Sendable (IngestProgress) -> Void)? = nil
    ) async throws -> IngestSummary {
        let (stream, continuation) = AsyncStream<Document>.makeStream()
        for document in documents { continuation.yield(document) }
        continuation.finish()
        return try await ingest(stream, options: options, progress: progress)
    }

    private func check(_ options: IngestOptions, record: CollectionRecord?) throws {
        guard options.batchSize > 0 else {
            throw DatabaseError.outOfRange(
                parameter: "batch size", value: "\(options.batchSize)", allowed: "1 or more")
        }
        guard let record else { return try checkName() }
        let metric = record.metric
        if let wanted = options.metric, wanted != metric {
            throw DatabaseError.metricMismatch(collection: name, recorded: metric, given: wanted)
        }
        if !options.encodesText && record.dimensions > 0 {
            throw DatabaseError.vectorsNeeded(collection: name)
        }
    }

    /// The name becomes part of file names, whose length is limited.
    func checkName() throws {
        guard !name.isEmpty, DatabaseFiles.encode(name).utf8.count <= 120 else {
            throw DatabaseError.invalidCollectionName(name)
        }
    }

    /// Creates the collection.
    func create(
        dimensions: Int, metric: Metric, identity: EmbedderIdentity?, index: IndexOptions,
        search: SearchSettings? = nil
    ) throws -> CollectionRecord {
        try rethrowing {
            try store.createCollection(
                named: name, metric: metric, dimensions: dimensions, elementType: .float32,
                model: identity?.asRecord ?? EmbedderIdentity.readyMadeRecord,
                index: index, searchSettings: search?.recordText)
        }
    }
}
