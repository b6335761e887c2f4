import Storage
import Synchronization
import TextBytes

/// A process's part in a job.
package final class JobWorker: Sendable {
    /// What is read by this worker, and what cannot be.
    package let progress: SourceProgress
    let collection: DocumentCollection
    let job: IngestJob
    let queue: any WorkQueue
    let registered: WorkJob
    private let units: [Identifier: FileUnit]

    /// How long to wait for a unit, if all are taken.
    static let pause = Duration.seconds(1)

    fileprivate init(
        _ job: IngestJob, in collection: DocumentCollection,
        _ queue: any WorkQueue, _ registered: WorkJob, _ list: UnitList
    ) {
        self.job = job
        self.collection = collection
        self.queue = queue
        self.registered = registered
        units = Dictionary(
            list.units.map { (Identifier($0.name), $0) }, uniquingKeysWith: { first, _ in first })
        progress = SourceProgress(
            totalBytes: nil, files: list.walk.files.count, walk: list.walk, options: job.source)
    }

    /// Takes units until the job is finished, also those of workers that have died meanwhile.
    ///
    /// - Parameters:
    ///   - options: as those that the job was joined with; what they call may differ.
    ///   - waiting: called if all units are taken, with the number of those that are not done.
    /// - Throws: ``DatabaseError``; `CancellationError`. What was acknowledged is stored, and the units
    ///   are free for others.
    package func work(
        _ options: IngestOptions, waiting: (@Sendable (Int) -> Void)? = nil,
        progress report: (@Sendable (IngestProgress) -> Void)? = nil
    ) async throws -> JobSummary {
        var summary = IngestSummary()
        let began = ContinuousClock.now
        while true {
            summary.add(try await run(options, after: summary, report))
            summary.seconds = (ContinuousClock.now - began) / .seconds(1)
            let status = try await blocking { [queue, registered] in
                try queue.status(of: registered)
            }
            if status.isFinished {
                // Whoever comes first builds the graphs; during the job they would make it slower.
                try await blocking { [collection] in try collection.buildIndex() }
                return JobSummary(ingest: summary, status: status)
            }
            if status.open == 0 {
                waiting?(status.taken)
                try await Task.sleep(for: min(Self.pause, job.lease / 4))
            }
        }
    }

    /// One ingest of the units that are free.
    ///
    /// - Returns: counts of what is settled, also if a unit has ended it.
    private func run(
        _ given: IngestOptions, after before: IngestSummary,
        _ report: (@Sendable (IngestProgress) -> Void)?
    ) async throws -> IngestSummary {
        let run = JobRun(
            registered, queue, units: units, worker: job.worker, lease: job.lease)
        var options = given
        options.work = run
        if let acknowledged = given.acknowledged {
            options.acknowledged = { acknowledged(before.documents + $0) }
        }
        let last = Mutex(IngestSummary())
        let heartbeat = Task(executorPreference: BlockingExecutor.shared) { [lease = job.lease] in
            while true {
                try await Task.sleep(for: lease / 3)
                // If another worker has one, the next commit finds it.
                try? run.extendLeases()
            }
        }
        defer { heartbeat.cancel() }
        do {
            let documents = JobDocuments(run: run, options: job.source, progress: progress)
            let summary = try await collection.ingest(documents, options: options) { progress in
                last.withLock { $0 = progress.stored }
                var progress = progress
                let seconds = progress.stored.seconds
                progress.stored.add(before)
                progress.stored.seconds = before.seconds + seconds
                report?(progress)
            }
            _ = try await end(run, nil)
            return summary
        } catch {
            let isOfOneUnit = try await end(run, error)
            if case .workLost? = error as? DatabaseError { return last.withLock { $0 } }
            guard isOfOneUnit else { throw error }
            return last.withLock { $0 }
        }
    }

    /// In a task of its own: this one may be cancelled, but its units must be given back.
    private func end(_ run: JobRun, _ error: (any Error)?) async throws -> Bool {
        let isCancelled = Task.isCancelled
        let ending = Task(executorPreference: BlockingExecutor.shared) {
            try run.end(isCancelled ? nil : error)
        }
        do { return try await ending.value } catch {
            // The leases end by themselves.
            if isCancelled { return false }
            throw DatabaseError.wrap(error)
        }
    }

    func blocking<Result: Sendable>(
        _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        try await collection.database.asReader { try body() }
    }
}

extension DocumentCollection {
    fileprivate func buildIndex() throws {
        guard let record = try store.collection(named: name) else { return }
        try updateIndex(record)
    }

    /// Registers a job, or joins it.
    ///
    /// - Parameter options: those that determine what is stored must be the same for all workers.
    /// - Throws: ``DatabaseError``: `filesDiffer` or `jobDiffers` if it was registered with other files or
    ///   options, `conflict` if the database cannot share work; ``SourceError``.
    package func join(_ job: IngestJob, options: IngestOptions) async throws -> JobWorker {
        guard let queue = store as? any WorkQueue else {
            throw DatabaseError.conflict("only a database in PostgreSQL can share a job")
        }
        let name = name
        return try await database.asReader { [self] in
            let known = try queue.job(named: job.name, ofCollection: name)
            let (registered, list) = try register(
                job, options: options, in: queue, countsLines: known == nil)
            if job.retriesFailed { _ = try queue.reopenFailed(of: registered) }
            return JobWorker(job, in: self, queue, registered, list)
        }
    }

    /// Registers the job, or checks that it was registered with the files and options that are here.
    ///
    /// - Parameter countsLines: whoever is first counts for all.
    func register(
        _ job: IngestJob, options: IngestOptions, in queue: any WorkQueue, countsLines: Bool
    ) throws -> (WorkJob, UnitList) {
        let list = try UnitList(
            job.paths, options: job.source, unitSize: job.unitSize, countsLines: countsLines)
        let units = list.units.map { unit in
            WorkUnit(
                name: unit.name, path: unit.path, bytes: Int64(unit.range.count),
                line: Int64(unit.file.lines?.before ?? 0))
        }
        do throws(StoreError) {
            let registered = try queue.register(
                units, as: job.name, settings: job.settings(options), ofCollection: name)
            return (registered, list)
        } catch {
            switch error {
            case .jobDiffers(let job, let registered, let given):
                throw DatabaseError.jobDiffers(
                    job: job, options: IngestJob.difference(registered, given))
            case .unitDiffers(let job, let path, let difference):
                // By the name that it has here.
                let unit = list.units.first { $0.path.hasSameBytes(as: path) }
                throw StoreError.unitDiffers(
                    job: job, path: unit?.file.path ?? path, difference: difference)
            default: throw error
            }
        }
    }

    /// How far the collection's jobs are; empty if the database cannot share work.
    package func jobs() throws -> [WorkStatus] {
        guard let queue = store as? any WorkQueue else { return [] }
        return try rethrowing {
            try queue.jobs(ofCollection: name).map { try queue.status(of: $0) }
        }
    }
}
