import Dispatch
import Storage
import Synchronization
import TextBytes

/// A process's part in re-encoding a collection that any number of them share.
struct SharedReindex {
    let collection: DocumentCollection
    let record: CollectionRecord
    let queue: any StagingQueue
    let encoder: PassageEncoder
    /// How long a unit is a worker's without a sign of life.
    let lease: Duration
    let report: (@Sendable (DocumentCollection.ReindexProgress) -> Void)?

    /// How long to wait for a unit, if all are taken.
    private static let pause = Duration.milliseconds(500)

    private var fingerprint: String { encoder.embedder.identity.fingerprint }

    /// Takes units until the new vectors are in use, also those of workers that have died meanwhile.
    ///
    /// - Throws: `conflict` if another process re-encodes the collection with another model.
    func run() async throws {
        var done = 0
        while let job = try queue.stagingJob(model: fingerprint, in: record) {
            try Task.checkCancellation()
            let claims = try queue.claim(
                from: job, worker: IngestJob.thisProcess, lease: lease, limit: 1, bytes: 0)
            guard let claim = claims.first else {
                try await Task.sleep(for: min(Self.pause, lease / 4))
                continue
            }
            do {
                done = try await holding(claim, of: job) { try await work(on: claim, job, done) }
            } catch StoreError.workLost {
                // Another worker has it, or there is nothing left to do.
                continue
            } catch {
                try? queue.release([claim], of: job)
                throw error
            }
        }
        let now = try collection.requireRecord()
        guard now.model.fingerprint.hasSameBytes(as: fingerprint) else {
            throw DatabaseError.conflict(
                "collection '\(record.name)' is being encoded with another model by another process"
            )
        }
    }

    /// Tells the others that this worker lives.
    private func holding<Result>(
        _ claim: WorkClaim, of job: WorkJob, _ body: () async throws -> Result
    ) async throws -> Result {
        let heartbeat = Task(executorPreference: BlockingExecutor.shared) { [queue, lease] in
            while true {
                try await Task.sleep(for: lease / 3)
                // If another worker has it, the next commit finds that.
                try? queue.extend([claim], of: job, lease: lease)
            }
        }
        defer { heartbeat.cancel() }
        return try await body()
    }

    /// - Parameter done: the passages that this process has encoded.
    /// - Returns: the same after this unit.
    private func work(
        on claim: WorkClaim, _ job: WorkJob, _ done: Int
    ) async throws -> Int {
        guard queue.isExchange(claim) else {
            let count = try await encode(claim, job, done, untilFewer: 1)
            var claim = claim
            claim.position += Int64(count)
            claim.documents = claim.position
            try queue.finish([claim], of: job)
            return done + count
        }
        // Before the graphs, which are built faster over rows than they take them.
        var done = done + (try await encode(claim, job, done, untilFewer: 1))
        show(record.passageCount, .indexing)
        try collection.index.prepareStaged(
            record, dimensions: encoder.embedder.identity.dimensions)
        done += try await encode(claim, job, done, untilFewer: PassageEncoder.batchSize)
        try Task.checkCancellation()
        let changed = try queue.exchange(
            holding: claim, of: job, in: record, limit: PassageEncoder.batchSize
        ) { passages in
            try waiting { [encoder] in try await encoder.vectors(of: passages) }
        }
        show(changed.passageCount, .indexing)
        return done
    }

    /// Encodes passages of a unit until few are left. Others may add some faster than that, so there are at
    /// most so many as the collection had.
    ///
    /// - Returns: the number of passages.
    private func encode(
        _ claim: WorkClaim, _ job: WorkJob, _ done: Int, untilFewer few: Int
    ) async throws -> Int {
        var claim = claim
        var count = 0
        repeat {
            try Task.checkCancellation()
            let passages = try queue.unstagedPassages(
                of: claim, limit: PassageEncoder.batchSize, in: record)
            if passages.count < few { break }
            let vectors = try await encoder.vectors(of: passages)
            claim.position += Int64(passages.count)
            claim.documents = claim.position
            try queue.stageVectors(vectors, in: record, moving: claim, of: job, lease: lease)
            count += passages.count
            show(done + count, .encoding)
        } while count < record.passageCount
        return count
    }

    private func show(_ done: Int, _ stage: DocumentCollection.ReindexProgress.Stage) {
        let total = record.passageCount
        report?(.init(done: min(done, total), total: total, stage: stage))
    }

    /// Waits on this thread, which may block, while other threads run the body: a transaction is open on
    /// this one.
    private func waiting<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) throws -> Result {
        let result = Mutex<Swift.Result<Result, any Error>?>(nil)
        let end = DispatchSemaphore(value: 0)
        Task.detached {
            let made: Swift.Result<Result, any Error>
            do { made = .success(try await body()) } catch { made = .failure(error) }
            result.withLock { $0 = made }
            end.signal()
        }
        end.wait()
        guard let result = result.withLock({ $0 }) else { throw CancellationError() }
        return try result.get()
    }
}
