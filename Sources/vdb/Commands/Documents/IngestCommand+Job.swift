import Storage
import VectorDatabase

extension IngestCommand {
    /// Works on a job until it is finished.
    func work(on name: String, _ rejects: RejectsFile?) async throws {
        if let path = arguments.location.path {
            throw CommandFailure(
                .usage,
                "--job needs a database in PostgreSQL (--db postgres://…): \(path) has one writer at a "
                    + "time")
        }
        Interruption.finishesCleanly()
        Output.survivesLostReader()
        let finder = try model.finder(threads: general.threads, prompts: prompts)
        let database = try openForWriting(finder)
        defer { try? database.close() }
        let collection = database.collection(arguments.collection)
        try refuseAnotherModel(than: finder.given, in: collection)
        var source = sourceOptions
        if let rejects { source.failed = { failure in rejects.add(failure) } }
        var given = IngestJob(name: name, paths: locations, source: source)
        if let size = job.unitSize { given.unitSize = size.bytes }
        given.retriesFailed = job.retryFailed
        let worker = try await collection.join(given, options: ingestOptions)
        let report = IngestReport(worker.progress, self, rejects)
        var options = ingestOptions
        options.exported = Self.exported(worker.progress, given: finder.given)
        options.failed = { document, error in report.fail(error, document) }
        let summary: JobSummary
        do {
            summary = try await worker.work(options, progress: report.show)
        } catch {
            report.clear()
            throw error
        }
        report.clear()
        var ingest = summary.ingest
        if synchronize.sync, summary.status.isDone {
            ingest.deleted += try await synchronize(worker)
        }
        ingest.documents += worker.progress.failed
        ingest.failed += worker.progress.failed
        report.finish(ingest, prints: self.summary == .json)
        Output.flush()
        try tell(summary.status)
    }

    /// Deletes what the job's files no longer have, unless another process does.
    private func synchronize(_ worker: JobWorker) async throws -> Int {
        let sources = locations.map(DocumentReader.source(ofPath:))
        let limit = synchronize.maxDelete?.limit
        return try await worker.synchronize(ingestOptions) { reader, options in
            options.synchronizedSources = sources
            options.existingSources = reader.snapshot.sources
            options.unreadableSources = { reader.progress.failedSources }
            if let limit { options.deletionLimit = limit }
            // The documents have been acknowledged.
            options.acknowledged = nil
        }
    }

    private func tell(_ status: WorkStatus) throws {
        guard status.failed > 0 else {
            return general.say(
                "job '\(status.job)' is done: \(Figures.count(status.done, "unit")), "
                    + Figures.count(Int(status.documents), "document")
                    + (status.failedDocuments > 0 ? ", \(status.failedDocuments) left out" : ""))
        }
        for failure in status.failures { Messages.error("\(failure.unit): \(failure.error)") }
        throw CommandFailure(
            .badData,
            "job '\(status.job)': \(Figures.count(status.failed, "unit")) of "
                + "\(status.done + status.failed) failed; correct the cause and pass --retry-failed"
        )
    }
}
