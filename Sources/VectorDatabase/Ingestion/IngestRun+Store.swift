import DocumentStore
import TextBytes

extension IngestRun {
    /// Fourth stage: commits. Waiting windows are committed together.
    ///
    /// Faults of earlier stages surface here, in document order: everything before a document that
    /// stops the ingest is stored and acknowledged.
    func store() async throws {
        defer { committed.continuation.finish() }
        while let windows = try await encoded.receive(
            .init(count: Self.windowsInCommit, weight: Self.queueBound))
        {
            try Task.checkCancellation()
            var documents = windows.flatMap { $0 }
            var stopping: (any Error)?
            if options.onFailure == .stop || options.onConflict == .error,
                let index = documents.firstIndex(where: { stops($0) != nil })
            {
                stopping = stops(documents[index])
                documents.removeSubrange(index...)
            }
            try commit(documents)
            if let stopping { throw stopping }
        }
        try deleteUnseen()
    }

    /// Deletes documents that their synchronized sources no longer have.
    private func deleteUnseen() throws {
        guard !options.synchronizedSources.isEmpty, let record = currentRecord else { return }
        let outcome = try rethrowing {
            try collection.store.deleteUnseen(
                under: options.synchronizedSources, except: options.unreadableSources?() ?? [],
                from: record)
        }
        update { $0.stored.deleted += outcome.deleted }
    }

    private static let windowsInCommit = 64

    private func stops(_ document: PendingDocument) -> (any Error)? {
        guard case .failed(let error) = document.fate else { return nil }
        if case .documentExists? = error as? DatabaseError { return error }
        return options.onFailure == .stop ? error : nil
    }

    private func commit(_ documents: [PendingDocument]) throws {
        guard !documents.isEmpty else { return }
        var change = IngestSummary()
        let new = documents.filter(\.isNew)
        if !new.isEmpty, let record = currentRecord {
            let outcome = try rethrowing {
                try collection.store.write(
                    new.map(\.asWrite), to: record, onConflict: options.onConflict.asPolicy)
            }
            change.inserted = outcome.count(.inserted)
            change.replaced = outcome.count(.replaced)
            change.unchanged = outcome.count(.unchanged)
            change.skipped = outcome.count(.skipped)
        }
        let moved = documents.filter(\.hasMoved)
        if !moved.isEmpty, let record = currentRecord {
            try rethrowing { try collection.store.move(moved.map(\.asWrite), in: record) }
        }
        inFlight.withLock { inFlight in
            for document in new {
                let id = Identifier(document.document.id)
                inFlight[id] = inFlight[id].flatMap { $0 > 1 ? $0 - 1 : nil }
            }
        }
        for document in documents {
            switch document.fate {
            case .new:
                change.tokens += document.passages.reduce(0) {
                    $0 + ($1.wasEncoded ? $1.tokens : 0)
                }
                change.truncated += document.truncated
            case .unchanged: change.unchanged += 1
            case .skipped: change.skipped += 1
            case .failed(let error):
                change.failed += 1
                options.failed?(document.document, error)
            }
        }
        change.documents = documents.count
        if !options.synchronizedSources.isEmpty {
            try collection.store.markSeen(ids: documents.map(\.document.id))
        }
        // Unchanged documents are not written but acknowledged, so check that the file is still in
        // place.
        if new.isEmpty { try rethrowing { try collection.store.requireInPlace() } }
        update { $0.stored.add(change) }
        options.acknowledged?(progress.withLock { $0.stored.documents })
        if !new.isEmpty { committed.continuation.yield() }
    }
}

extension IngestOptions.Conflict {
    var asPolicy: ConflictPolicy {
        switch self {
        case .replace: .replace
        case .skip: .skip
        case .error: .error
        }
    }
}

extension IngestSummary {
    mutating func add(_ other: IngestSummary) {
        documents += other.documents
        inserted += other.inserted
        replaced += other.replaced
        unchanged += other.unchanged
        skipped += other.skipped
        failed += other.failed
        deleted += other.deleted
        truncated += other.truncated
        tokens += other.tokens
    }
}
