import Storage
import TextBytes

extension IngestRun {
    /// Fourth stage: commits. Waiting windows are committed together.
    ///
    /// Faults of earlier stages surface here, in document order: everything before a document that
    /// stops the ingest is stored and acknowledged.
    func store() async throws {
        defer { committed.continuation.finish() }
        var unfinished: Unfinished?
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
            try commit(documents, &unfinished)
            if let stopping {
                options.work?.stop()
                throw stopping
            }
        }
        try deleteUnseen()
    }

    private static let windowsInCommit = 64

    /// What became of the first piece of a document, and the tokens of its pieces so far.
    private typealias Unfinished = (outcome: BatchOutcome.Document?, summary: IngestSummary)

    private func stops(_ document: PendingDocument) -> (any Error)? {
        guard case .failed(let error) = document.fate else { return nil }
        if case .documentExists? = error as? DatabaseError { return error }
        return options.onFailure == .stop ? error : nil
    }

    /// - Parameter unfinished: what became of the document of which not all pieces are stored.
    private func commit(
        _ documents: [PendingDocument], _ unfinished: inout Unfinished?
    ) throws {
        guard !documents.isEmpty else { return }
        let new = documents.filter(\.isNew)
        let settled = Settlement(documents)
        var written: [BatchOutcome.Document] = []
        if !new.isEmpty, let record = currentRecord {
            let started = ContinuousClock.now
            written = try rethrowing {
                try collection.index.holding(for: record) {
                    let outcome = try write(new.map(\.asWrite), to: record, settling: settled)
                    options.committed?(.now - started)
                    return outcome
                }
            }.documents
        } else if let work = options.work {
            try rethrowing { try work.settle(settled) }
        }
        let moved = documents.filter(\.hasMoved)
        if !moved.isEmpty, let record = currentRecord {
            try rethrowing { try collection.store.move(moved.map(\.asWrite), in: record) }
        }
        inFlight.withLock { inFlight in
            for document in new where document.isLastPiece {
                let id = Identifier(document.document.id)
                inFlight[id] = inFlight[id].flatMap { $0 > 1 ? $0 - 1 : nil }
            }
        }
        var change = IngestSummary()
        var rest = written[...]
        for document in documents {
            let written = document.isNew ? rest.popFirst() : nil
            let earlier = document.isFirstPiece ? nil : unfinished
            let outcome = earlier?.outcome ?? written
            let settled = IngestSummary(
                of: document, written: document.resumes ? .inserted : outcome,
                after: earlier?.summary ?? IngestSummary())
            unfinished = document.isLastPiece ? nil : (outcome, settled)
            if !document.isLastPiece { continue }
            change.add(settled)
            if case .failed(let error) = document.fate {
                options.failed?(document.document, error)
            } else {
                options.settled?(document.document, settled)
            }
        }
        if !options.synchronizedSources.isEmpty {
            try collection.store.markSeen(ids: documents.map(\.document.id))
        }
        // Unchanged documents are not written but acknowledged, so check that the file is still in
        // place.
        if new.isEmpty { try rethrowing { try collection.store.requireInPlace() } }
        update { progress in
            progress.stored.add(change)
            progress.bytesStored += documents.reduce(0) { $0 + $1.textBytes }
            progress.passages += new.reduce(0) { $0 + $1.passages.count }
        }
        options.acknowledged?(progress.withLock { $0.stored.documents })
        if !new.isEmpty { committed.continuation.yield() }
    }
}

extension IngestRun {
    private func write(
        _ batch: [DocumentWrite], to record: CollectionRecord, settling settled: Settlement
    ) throws -> BatchOutcome {
        let policy = options.onConflict.asPolicy
        guard let work = options.work else {
            return try collection.store.write(batch, to: record, onConflict: policy)
        }
        return try work.write(batch, to: record, onConflict: policy, settling: settled)
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
    /// What became of one document.
    ///
    /// - Parameters:
    ///   - outcome: what the store did with it; `nil` if it was not written.
    ///   - earlier: the tokens of the pieces before this one.
    fileprivate init(
        of document: PendingDocument, written outcome: BatchOutcome.Document?,
        after earlier: IngestSummary
    ) {
        self = earlier
        tokens += document.passages.reduce(0) { $0 + ($1.wasEncoded ? $1.tokens : 0) }
        truncated += document.truncated
        guard document.isLastPiece else { return }
        documents = 1
        switch document.fate {
        case .new:
            switch outcome {
            case .inserted: inserted = 1
            case .replaced: replaced = 1
            case .moved: moved = 1
            case .unchanged: unchanged = 1
            case .skipped: skipped = 1
            case nil: break
            }
        case .unchanged: unchanged = 1
        case .skipped: skipped = 1
        case .failed: failed = 1
        }
    }

    /// Adds the counts of another part of an ingest.
    package mutating func add(_ other: IngestSummary) {
        documents += other.documents
        inserted += other.inserted
        replaced += other.replaced
        moved += other.moved
        unchanged += other.unchanged
        skipped += other.skipped
        failed += other.failed
        deleted += other.deleted
        truncated += other.truncated
        tokens += other.tokens
    }
}
