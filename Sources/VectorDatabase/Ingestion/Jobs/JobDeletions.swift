import Storage
import TextBytes

/// The end of a job that synchronizes: one worker reads all files again, finds their documents stored, and
/// deletes those that are not there any more.
///
/// Invariants:
/// 1. It begins only when all units of the job are done, and the files are still those of the job.
/// 2. Each of its transactions is fenced by its claim, so that of two workers that think they do it only the
///    later one writes.
/// 3. Only documents are deleted that were there when it began, in that version.
struct JobDeletions: IngestWork {
    let claim: WorkClaim
    let job: WorkJob
    let queue: any WorkQueue
    let lease: Duration
    /// The keys of the sources' documents when it began.
    let known: Set<Int64>

    func write(
        _ batch: [DocumentWrite], to record: CollectionRecord, onConflict policy: ConflictPolicy,
        settling settled: Settlement
    ) throws -> BatchOutcome {
        try queue.write(
            batch, to: record, onConflict: policy, moving: [claim], of: job, lease: lease)
    }

    func settle(_ settled: Settlement) {}

    func delete(_ documents: [SourcedDocument], from record: CollectionRecord) throws -> Int {
        try queue.delete(
            documentKeys: documents.map(\.key).filter { known.contains($0) }, from: record,
            holding: claim, of: job, lease: lease
        ).deleted
    }

    func stop() {}
}

extension JobWorker {
    /// After ``work(_:waiting:progress:)``: lets one of the workers that call this delete what the files no
    /// longer have. The others wait for it, and one of them takes over if it dies.
    ///
    /// - Parameters:
    ///   - options: as those that the job was joined with.
    ///   - adapting: tells an ingest of the reader's documents what it synchronizes.
    /// - Returns: the number of documents deleted by this worker.
    /// - Throws: ``DatabaseError``: `conflict` if a unit of the job is not done, `filesDiffer` if a file has
    ///   changed since the job began; then nothing is deleted. Otherwise as an ingest that synchronizes.
    package func synchronize(
        _ options: IngestOptions,
        adapting: @escaping @Sendable (DocumentReader, inout IngestOptions) -> Void
    ) async throws -> Int {
        let name = collection.name
        let last = try await blocking { [queue, registered, job] in
            guard try queue.status(of: registered).isDone else {
                throw DatabaseError.conflict(
                    "not all units of job '\(job.name)' are done, so that nothing is deleted")
            }
            return try queue.register(
                [WorkUnit(name: "deletions", path: "", bytes: 0)], as: "\(job.name), deletions",
                settings: "deletions", ofCollection: name)
        }
        while true {
            let (claim, status) = try await blocking { [queue, job] in
                (
                    try queue.claim(
                        from: last, worker: job.worker, lease: job.lease, limit: 1, bytes: 0
                    ).first, try queue.status(of: last)
                )
            }
            if let claim {
                do {
                    return try await delete(claim, of: last, options, adapting)
                } catch DatabaseError.workLost {
                    continue
                } catch {
                    try? await blocking { [queue] in try queue.release([claim], of: last) }
                    throw error
                }
            }
            if status.isFinished { return 0 }
            try await Task.sleep(for: min(Self.pause, job.lease / 4))
        }
    }

    private func delete(
        _ claim: WorkClaim, of last: WorkJob, _ given: IngestOptions,
        _ adapting: @Sendable (DocumentReader, inout IngestOptions) -> Void
    ) async throws -> Int {
        let heartbeat = Task(executorPreference: BlockingExecutor.shared) { [queue, job] in
            while true {
                try await Task.sleep(for: job.lease / 3)
                // If another worker has it, the next commit finds that.
                try? queue.extend([claim], of: last, lease: job.lease)
            }
        }
        defer { heartbeat.cancel() }
        _ = try await blocking { [collection, queue, job] in
            try collection.register(job, options: given, in: queue, countsLines: false)
        }
        let reader = try DocumentReader(job.paths, options: job.source)
        var options = given
        adapting(reader, &options)
        let sources = options.synchronizedSources
        let known = try await blocking { [collection] in
            guard let record = try collection.store.collection(named: collection.name) else {
                return Set<Int64>()
            }
            return Set(try collection.store.documents(ofSources: sources, in: record).map(\.key))
        }
        options.work = JobDeletions(
            claim: claim, job: last, queue: queue, lease: job.lease, known: known)
        let summary = try await collection.ingest(reader, options: options)
        try await blocking { [queue] in try queue.finish([claim], of: last) }
        return summary.deleted
    }
}
