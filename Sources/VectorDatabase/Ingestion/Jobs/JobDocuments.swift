import Storage

/// The documents of the units that a run takes, one unit after the other, until none is free.
struct JobDocuments: AsyncSequence, Sendable {
    typealias Element = Document

    let run: JobRun
    let options: SourceOptions
    let progress: SourceProgress

    func makeAsyncIterator() -> Iterator {
        Iterator(
            run: run, options: options, progress: progress,
            committed: run.committed.stream.makeAsyncIterator())
    }

    struct Iterator: AsyncIteratorProtocol {
        let run: JobRun
        let options: SourceOptions
        let progress: SourceProgress
        var committed: AsyncStream<Void>.Iterator
        private var reading: DocumentReader.Reading?
        /// Documents of the unit that an earlier worker has settled.
        private var settled = 0
        private var failedBefore = 0

        init(
            run: JobRun, options: SourceOptions, progress: SourceProgress,
            committed: AsyncStream<Void>.Iterator
        ) {
            self.run = run
            self.options = options
            self.progress = progress
            self.committed = committed
        }

        mutating func next() async throws -> Document? {
            while true {
                try Task.checkCancellation()
                if reading != nil {
                    if let document = try read() { return document }
                    continue
                }
                guard run.wantsMore else {
                    _ = await committed.next()
                    continue
                }
                guard let next = try run.take() else { return nil }
                try begin(next.unit, settled: next.settled)
            }
        }

        private mutating func begin(_ unit: FileUnit, settled: Int) throws {
            do {
                guard try unit.isUnchanged() else {
                    throw SourceError.unusableContent(
                        path: unit.file.path, reason: "has changed since the job began")
                }
            } catch {
                run.failReading()
                throw error
            }
            self.settled = settled
            failedBefore = progress.failed
            reading = DocumentReader.Reading(
                files: [unit.file], options: options, progress: progress)
        }

        private mutating func read() throws -> Document? {
            guard let reading else { return nil }
            do {
                while let document = try reading.next() {
                    if settled > 0 {
                        settled -= 1
                        continue
                    }
                    run.hand(document)
                    return document
                }
            } catch {
                run.failReading()
                throw error
            }
            self.reading = nil
            try run.endReading(unreadable: progress.failed - failedBefore)
            return nil
        }
    }
}
