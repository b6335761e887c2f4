/// A part of a job's input, as all its workers name it: a file, or a range of its lines.
package struct WorkUnit: Sendable, Equatable {
    /// Tells the unit from all others, and its content from another version of it.
    package let name: String
    /// The file's path, for messages.
    package let path: String
    /// Bytes of the unit, by which it is decided how many to claim.
    package let bytes: Int64
    /// The number of lines of the file before the unit.
    package let line: Int64

    package init(name: String, path: String, bytes: Int64, line: Int64 = 0) {
        self.name = name
        self.path = path
        self.bytes = bytes
        self.line = line
    }
}

/// A registered job.
package struct WorkJob: Sendable, Equatable {
    package let id: Int64
    package let name: String

    package init(id: Int64, name: String) {
        self.id = id
        self.name = name
    }
}

/// A unit that a worker has taken, and how far it is.
package struct WorkClaim: Sendable, Equatable {
    package let unit: String
    /// The number of lines of the file before the unit.
    package let line: Int64
    /// Counts the workers that have taken the unit: a greater one fences this claim.
    package let attempt: Int64
    /// The number of the unit's documents that are settled, stored or not: the first so many.
    package var position: Int64
    /// Of these, those that are stored, and those that could not be.
    package var documents: Int64
    package var failed: Int64

    package init(
        unit: String, line: Int64, attempt: Int64, position: Int64, documents: Int64,
        failed: Int64
    ) {
        self.unit = unit
        self.line = line
        self.attempt = attempt
        self.position = position
        self.documents = documents
        self.failed = failed
    }
}

/// How far a job is.
package struct WorkStatus: Sendable, Equatable {
    package var job: String
    package var open = 0
    package var taken = 0
    package var done = 0
    package var failed = 0
    /// Documents of all units that are settled: stored, and not.
    package var documents: Int64 = 0
    package var failedDocuments: Int64 = 0
    /// The units that workers have, the first hundred.
    package var workers: [Taken] = []
    /// The units that failed, the first hundred.
    package var failures: [Failure] = []

    package struct Taken: Sendable, Equatable {
        package let unit: String
        package let worker: String
        /// Seconds until another worker may take the unit; negative if it may already.
        package let secondsLeft: Double

        package init(unit: String, worker: String, secondsLeft: Double) {
            self.unit = unit
            self.worker = worker
            self.secondsLeft = secondsLeft
        }
    }

    package struct Failure: Sendable, Equatable {
        package let unit: String
        package let error: String

        package init(unit: String, error: String) {
            self.unit = unit
            self.error = error
        }
    }

    package init(job: String) { self.job = job }

    /// Whether no worker has anything left to do.
    package var isFinished: Bool { open + taken == 0 }
    /// Whether, besides, no unit has failed.
    package var isDone: Bool { isFinished && failed == 0 }
}
