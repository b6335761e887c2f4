import Storage
import TextBytes

/// Re-encodes a collection by many processes.
extension PostgresStore: StagingQueue {
    /// Passages without a new vector of which ranges are made. Fewer are left to the exchange.
    private static let leastShared = 512

    package func stagingJob(
        model fingerprint: String, in collection: CollectionRecord
    ) throws(StoreError) -> WorkJob? {
        try write { connection in
            // Against an exchange, which would leave this job without a re-encoding.
            let layout = try lock(collection, connection, .shared).layout
            guard let staging = try staging(of: collection, connection),
                staging.model.fingerprint.hasSameBytes(as: fingerprint)
            else { return nil }
            let name = Self.jobName(layout)
            try connection.run(
                """
                INSERT INTO \(jobs) (collection, name, settings, digest)
                SELECT name, $2, $3, decode(repeat('00', 16), 'hex')
                FROM \(schema.name).collection WHERE id = $1
                ON CONFLICT (collection, name) DO NOTHING
                """,
                [.integer(collection.id), .text(name), .text(Self.jobSettings(fingerprint))])
            let found = try connection.run(
                """
                SELECT j.id, j.settings FROM \(jobs) AS j
                JOIN \(schema.name).collection AS c ON c.name = j.collection
                WHERE c.id = $1 AND j.name = $2
                """, [.integer(collection.id), .text(name)])[0]
            let settings = try found.text(1)
            guard settings.hasSameBytes(as: Self.jobSettings(fingerprint)) else {
                throw StoreError.jobDiffers(
                    job: name, registered: settings, given: Self.jobSettings(fingerprint))
            }
            let job = WorkJob(id: try found.integer(0), name: name)
            try addUnits(to: job, layout, connection)
            return job
        }
    }

    /// Of two workers that find nothing to do, one makes the units.
    private func addUnits(
        to job: WorkJob, _ layout: CollectionLayout, _ connection: PostgresConnection
    ) throws {
        let isBusy = """
            SELECT EXISTS (SELECT 1 FROM \(work) WHERE job = $1 AND state IN ('open', 'taken'))
            """
        if try connection.run(isBusy, [.integer(job.id)])[0].boolean(0) { return }
        try connection.run(
            "SELECT 1 FROM \(jobs) WHERE id = $1 FOR UPDATE", [.integer(job.id)])
        if try connection.run(isBusy, [.integer(job.id)])[0].boolean(0) { return }
        let ranges = try connection.run(
            """
            SELECT place, min(key), max(key), count(*)::int8 FROM (
                SELECT p.place, p.key, (row_number() OVER (PARTITION BY p.place ORDER BY p.key) - 1)
                    / \(StagingUnit.mostPassages) AS part
                FROM \(layout.passages) AS p WHERE \(Self.isUnstaged(layout))) AS p
            GROUP BY place, part
            """
        ).rows.map { row in
            (
                place: Int(try row.integer(0)), keys: try row.integer(1)...row.integer(2),
                count: try row.integer(3)
            )
        }
        let units =
            ranges.reduce(0) { $0 + $1.count } < Self.leastShared
            ? [WorkUnit(name: StagingUnit.exchange.name, path: "", bytes: 0)]
            : ranges.map {
                WorkUnit(
                    name: StagingUnit.passages(place: $0.place, keys: $0.keys).name, path: "",
                    bytes: $0.count)
            }
        try add(units, to: job, connection)
    }

    private static func isUnstaged(_ layout: CollectionLayout) -> String {
        """
        NOT EXISTS (SELECT 1 FROM \(layout.next.vectors) AS v
            WHERE v.place = p.place AND v.passage = p.key)
        """
    }

    package func isExchange(_ claim: WorkClaim) -> Bool {
        StagingUnit(name: claim.unit) == .exchange
    }

    package func unstagedPassages(
        of claim: WorkClaim, limit: Int, in collection: CollectionRecord
    ) throws(StoreError) -> [PassageRecord] {
        try read { connection in
            let layout = try lock(collection, connection, nil).layout
            return try unstagedPassages(
                of: StagingUnit(name: claim.unit), limit: limit, layout, connection)
        }
    }

    private func unstagedPassages(
        of unit: StagingUnit?, limit: Int, _ layout: CollectionLayout,
        _ connection: PostgresConnection
    ) throws -> [PassageRecord] {
        var condition = "p.\(layout.anyPlace)"
        var values = [PostgresValue.integer(Int64(limit))]
        if case .passages(let place, let keys)? = unit {
            condition = "p.place = \(place) AND p.key BETWEEN $2 AND $3"
            values += [.integer(keys.lowerBound), .integer(keys.upperBound)]
        }
        return try passages(
            layout, where: "\(condition) AND \(Self.isUnstaged(layout)) ORDER BY p.key LIMIT $1",
            values, connection)
    }

    package func stageVectors(
        _ vectors: [(passage: Int64, vector: [Float])], in collection: CollectionRecord,
        moving claim: WorkClaim, of job: WorkJob, lease: Duration
    ) throws(StoreError) {
        let places: [Int] =
            if case .passages(let place, _)? = StagingUnit(name: claim.unit) { [place] } else {
                try layout(of: collection).placeNumbers
            }
        for place in places {
            try write { connection in
                let layout = try lock(collection, connection, .shared).layout
                try move(claim, of: job, lease: lease, connection)
                let staging = try requireStaging(of: collection, connection)
                try stage(vectors, of: collection, in: place, staging, layout, connection)
            }
        }
    }

    package func exchange(
        holding claim: WorkClaim, of job: WorkJob, in collection: CollectionRecord, limit: Int,
        encode: ([PassageRecord]) throws -> [(passage: Int64, vector: [Float])]
    ) throws -> CollectionRecord {
        var failure: (any Error)?
        do {
            let (record, old) = try writeOnce {
                (connection, unanswered: (record: CollectionRecord, old: CollectionLayout)?) in
                let (layout, model) = try lock(collection, connection, .alone)
                if let unanswered, layout.generation > unanswered.old.generation {
                    return unanswered
                }
                try move(claim, of: job, lease: .zero, connection)
                let staging = try requireStaging(of: collection, connection)
                while true {
                    let passages = try unstagedPassages(
                        of: nil, limit: limit, layout, connection)
                    if passages.isEmpty { break }
                    let vectors: [(passage: Int64, vector: [Float])]
                    do { vectors = try encode(passages) } catch {
                        failure = error
                        throw error
                    }
                    for place in layout.placeNumbers {
                        try stage(vectors, of: collection, in: place, staging, layout, connection)
                    }
                }
                return (try take(staging, layout, model, of: collection, connection), layout)
            }
            try dropFarVectors(old)
            return record
        } catch { throw failure ?? error }
    }

    // MARK: Names

    /// What a re-encoding's job is called among the collection's jobs.
    static func jobName(_ layout: CollectionLayout) -> String {
        "reindex, generation \(layout.next.generation)"
    }

    private static let settings = "reindex "

    private static func jobSettings(_ fingerprint: String) -> String { settings + fingerprint }

    /// Ends the job of a collection's re-encoding.
    func endStagingJob(
        _ collection: CollectionRecord, _ layout: CollectionLayout,
        _ connection: PostgresConnection
    ) throws {
        let found = """
            SELECT j.id FROM \(jobs) AS j JOIN \(schema.name).collection AS c ON c.name = j.collection
            WHERE c.id = $1 AND j.name = $2 AND starts_with(j.settings, $3)
            """
        let values: [PostgresValue] = [
            .integer(collection.id), .text(Self.jobName(layout)), .text(Self.settings),
        ]
        try connection.run("DELETE FROM \(work) WHERE job IN (\(found))", values)
        try connection.run("DELETE FROM \(jobs) WHERE id IN (\(found))", values)
    }
}
