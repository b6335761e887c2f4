import FileFormat
import Storage
import TextBytes

extension PostgresStore {
    /// The units that one statement registers.
    private static let registered = 10_000

    package func job(
        named name: String, ofCollection collection: String
    ) throws(StoreError) -> WorkJob? {
        if name.hasNUL || collection.hasNUL { return nil }
        return try read { connection in
            try connection.run(
                "SELECT id FROM \(jobs) WHERE collection = $1 AND name = $2",
                [.text(collection), .text(name)]
            ).rows.map { WorkJob(id: try $0.integer(0), name: name) }.first
        }
    }

    package func jobs(ofCollection collection: String) throws(StoreError) -> [WorkJob] {
        if collection.hasNUL { return [] }
        return try read { connection in
            try connection.run(
                "SELECT id, name FROM \(jobs) WHERE collection = $1 ORDER BY name",
                [.text(collection)]
            ).rows.map { WorkJob(id: try $0.integer(0), name: try $0.text(1)) }
        }
    }

    package func register(
        _ units: [WorkUnit], as name: String, settings: String, ofCollection collection: String
    ) throws(StoreError) -> WorkJob {
        for name in [name, collection] + units.map(\.name) where name.hasNUL {
            throw .invalidName(document: name)
        }
        let digest = Self.digest(of: units)
        return try write { connection in
            // Of two that come first, one waits here for the other's transaction.
            let added = try connection.run(
                """
                INSERT INTO \(jobs) (collection, name, settings, digest) VALUES ($1, $2, $3, $4)
                ON CONFLICT (collection, name) DO NOTHING RETURNING id
                """, [.text(collection), .text(name), .text(settings), .bytes(digest)])
            if added.count == 1 {
                let job = WorkJob(id: try added[0].integer(0), name: name)
                try add(units, to: job, connection)
                return job
            }
            let found = try connection.run(
                """
                SELECT id, settings, digest FROM \(jobs) WHERE collection = $1 AND name = $2
                """, [.text(collection), .text(name)])
            // Its collection has been deleted at this moment, and the next try makes it.
            guard found.count == 1 else {
                throw StoreError.collectionMissing(name: collection)
            }
            let job = WorkJob(id: try found[0].integer(0), name: name)
            let registered = try found[0].text(1)
            guard registered.hasSameBytes(as: settings) else {
                throw StoreError.jobDiffers(job: name, registered: registered, given: settings)
            }
            if try found[0].bytes(2) != digest {
                throw try difference(of: units, from: job, connection)
            }
            return job
        }
    }

    func add(
        _ units: [WorkUnit], to job: WorkJob, _ connection: PostgresConnection
    ) throws {
        for start in stride(from: 0, to: units.count, by: Self.registered) {
            let part = units[start..<min(start + Self.registered, units.count)]
            try connection.run(
                """
                INSERT INTO \(work) (job, unit, path, bytes, line)
                SELECT $1, u.* FROM unnest($2, $3, $4, $5) AS u ON CONFLICT (job, unit) DO NOTHING
                """,
                [
                    .integer(job.id), .texts(part.map(\.name)), .texts(part.map(\.path)),
                    .integers(part.map(\.bytes)), .integers(part.map(\.line)),
                ])
        }
    }

    private func difference(
        of units: [WorkUnit], from job: WorkJob, _ connection: PostgresConnection
    ) throws -> StoreError {
        var registered: [Identifier: String] = [:]
        let rows = try connection.run(
            "SELECT unit, path FROM \(work) WHERE job = $1", [.integer(job.id)]
        ).rows
        for row in rows { registered[Identifier(try row.text(0))] = try row.text(1) }
        let paths = Set(registered.values.map { Identifier($0) })
        for unit in units where registered.removeValue(forKey: Identifier(unit.name)) == nil {
            return .unitDiffers(
                job: job.name, path: unit.path,
                difference: paths.contains(Identifier(unit.path)) ? .changed : .added)
        }
        let missing = registered.values.min { $0.precedesByBytes($1) }
        return .unitDiffers(job: job.name, path: missing ?? "", difference: .missing)
    }

    /// A hash of the units' names, whatever their order.
    private static func digest(of units: [WorkUnit]) -> [UInt8] {
        let hasher = ContentHasher()
        for name in units.map(\.name).sorted(by: { $0.precedesByBytes($1) }) {
            hasher.update(name)
        }
        return hasher.finalize().bytes
    }

    // MARK: Status

    package func status(of job: WorkJob) throws(StoreError) -> WorkStatus {
        try read { connection in
            var status = WorkStatus(job: job.name)
            let counts = try connection.run(
                """
                SELECT state, count(*), sum(documents)::int8, sum(failed)::int8
                FROM \(work) WHERE job = $1 GROUP BY state
                """, [.integer(job.id)])
            for row in counts.rows {
                let count = Int(try row.integer(1))
                switch try row.text(0) {
                case "open": status.open = count
                case "taken": status.taken = count
                case "done": status.done = count
                default: status.failed = count
                }
                status.documents += try row.integer(2)
                status.failedDocuments += try row.integer(3)
            }
            status.workers = try connection.run(
                """
                SELECT unit, worker, extract(epoch FROM lease_until - now())::float8
                FROM \(work) WHERE job = $1 AND state = 'taken' ORDER BY unit LIMIT 100
                """, [.integer(job.id)]
            ).rows.map { row in
                WorkStatus.Taken(
                    unit: try row.text(0), worker: try row.optionalText(1) ?? "",
                    secondsLeft: row.isNull(2) ? 0 : try row.real(2))
            }
            status.failures = try connection.run(
                """
                SELECT unit, coalesce(error, '') FROM \(work)
                WHERE job = $1 AND state = 'failed' ORDER BY unit LIMIT 100
                """, [.integer(job.id)]
            ).rows.map { WorkStatus.Failure(unit: try $0.text(0), error: try $0.text(1)) }
            return status
        }
    }

    package func reopenFailed(of job: WorkJob) throws(StoreError) -> Int {
        try writeOnce { connection, unanswered in
            let changed = try connection.run(
                """
                UPDATE \(work) SET state = 'open', error = NULL, worker = NULL, lease_until = NULL
                WHERE job = $1 AND state = 'failed'
                """, [.integer(job.id)]
            ).changedRows
            return max(changed, unanswered ?? 0)
        }
    }

    var jobs: String { "\(schema.name).job" }
    var work: String { "\(schema.name).work" }
}
