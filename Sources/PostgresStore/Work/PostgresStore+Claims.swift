import Storage
import TextBytes

/// Claims on the units of jobs. Time is the server's, since clocks differ.
extension PostgresStore: WorkQueue {
    package func claim(
        from job: WorkJob, worker: String, lease: Duration, limit: Int, bytes: Int64
    ) throws(StoreError) -> [WorkClaim] {
        try writeOnce { connection, unanswered in
            if let unanswered, try holds(unanswered, of: job, worker: worker, connection) {
                return unanswered
            }
            // Without locks, two may choose the same units: the second looks again at whether they are free.
            let isFree = "(state = 'open' OR state = 'taken' AND lease_until < now())"
            let lock = rules.skipsLocked ? "FOR UPDATE SKIP LOCKED" : ""
            return try connection.run(
                """
                WITH free AS (
                    SELECT unit, bytes FROM \(work)
                    WHERE job = $1 AND \(isFree)
                    ORDER BY unit \(lock) LIMIT $2),
                chosen AS (
                    SELECT unit FROM (
                        SELECT unit, row_number() OVER rows AS number, sum(bytes) OVER rows AS sum
                        FROM free WINDOW rows AS (ORDER BY unit)) AS f
                    WHERE number = 1 OR sum <= $3)
                UPDATE \(work) AS w SET state = 'taken', attempt = w.attempt + 1, worker = $4,
                    lease_until = \(end(of: lease)), error = NULL
                FROM chosen WHERE w.job = $1 AND w.unit = chosen.unit AND \(isFree)
                RETURNING w.unit, w.line, w.attempt, w.position, w.documents, w.failed
                """,
                [
                    .integer(job.id), .integer(Int64(limit)), .integer(bytes), .text(worker),
                ]
            ).rows.map { row in
                WorkClaim(
                    unit: try row.text(0), line: try row.integer(1), attempt: try row.integer(2),
                    position: try row.integer(3), documents: try row.integer(4),
                    failed: try row.integer(5))
            }.sorted { $0.unit.precedesByBytes($1.unit) }
        }
    }

    /// Whether claims have taken effect. Waits for the transaction that has made them, if it still runs.
    private func holds(
        _ claims: [WorkClaim], of job: WorkJob, worker: String, _ connection: PostgresConnection
    ) throws -> Bool {
        guard !claims.isEmpty else { return false }
        let held = try connection.run(
            """
            SELECT w.attempt = c.attempt AND w.worker = $4 AND w.state = 'taken'
            FROM \(work) AS w JOIN unnest($2, $3) AS c (unit, attempt) ON c.unit = w.unit
            WHERE w.job = $1 ORDER BY w.unit FOR UPDATE OF w
            """,
            [
                .integer(job.id), .texts(claims.map(\.unit)), .integers(claims.map(\.attempt)),
                .text(worker),
            ])
        return try held.count == claims.count
            && held.rows.allSatisfy { try !$0.isNull(0) && $0.boolean(0) }
    }

    package func write(
        _ batch: [DocumentWrite], to collection: CollectionRecord,
        onConflict policy: ConflictPolicy, moving claims: [WorkClaim], of job: WorkJob,
        lease: Duration
    ) throws(StoreError) -> BatchOutcome {
        try write(batch, to: collection, onConflict: policy) { isLast, connection in
            try change(
                isLast ? Self.movement : "", to: claims, of: job, lease: lease, connection)
        }
    }

    package func delete(
        documentKeys keys: [Int64], from collection: CollectionRecord, holding claim: WorkClaim,
        of job: WorkJob, lease: Duration
    ) throws(StoreError) -> DeleteOutcome {
        try delete(documentKeys: keys, from: collection) { connection in
            try change("", to: [claim], of: job, lease: lease, connection)
        }
    }

    package func move(
        _ claims: [WorkClaim], of job: WorkJob, lease: Duration
    ) throws(StoreError) {
        if claims.isEmpty { return }
        try write { connection in
            try change(Self.movement, to: claims, of: job, lease: lease, connection)
        }
    }

    /// In a transaction of the caller, which no other worker of the unit can then commit beside.
    func move(
        _ claim: WorkClaim, of job: WorkJob, lease: Duration, _ connection: PostgresConnection
    ) throws {
        try change(Self.movement, to: [claim], of: job, lease: lease, connection)
    }

    package func extend(
        _ claims: [WorkClaim], of job: WorkJob, lease: Duration
    ) throws(StoreError) {
        if claims.isEmpty { return }
        try write { connection in
            try change("", to: claims, of: job, lease: lease, connection)
        }
    }

    package func finish(_ claims: [WorkClaim], of job: WorkJob) throws(StoreError) {
        if claims.isEmpty { return }
        try write { connection in
            // Done, too: the answer to an earlier try may have been lost.
            try change(
                Self.movement + ", state = 'done'", to: claims, of: job, lease: .zero,
                states: "('taken', 'done')", connection)
        }
    }

    package func fail(
        _ claim: WorkClaim, of job: WorkJob, error: String
    ) throws(StoreError) {
        let error = error.hasNUL ? error.replacing("\0", with: "\u{FFFD}") : error
        _ = try write { connection in
            try connection.run(
                """
                UPDATE \(work) SET state = 'failed', error = $4
                WHERE job = $1 AND unit = $2 AND attempt = $3 AND state = 'taken'
                """,
                [
                    .integer(job.id), .text(claim.unit), .integer(claim.attempt), .text(error),
                ])
        }
    }

    package func release(_ claims: [WorkClaim], of job: WorkJob) throws(StoreError) {
        if claims.isEmpty { return }
        _ = try write { connection in
            try connection.run(
                """
                UPDATE \(work) AS w SET state = 'open', worker = NULL, lease_until = NULL
                FROM unnest($2, $3) AS c (unit, attempt)
                WHERE w.job = $1 AND w.unit = c.unit AND w.attempt = c.attempt
                    AND w.state = 'taken'
                """,
                [
                    .integer(job.id), .texts(claims.map(\.unit)),
                    .integers(claims.map(\.attempt)),
                ])
        }
    }

    private static let movement =
        ", position = c.position, documents = c.documents, failed = c.failed"

    /// Extends the leases of all claims, which locks their rows: until the transaction ends, no other
    /// worker takes them.
    ///
    /// - Parameter change: further assignments.
    /// - Throws: `workLost` if a claim is not the latest.
    private func change(
        _ change: String, to claims: [WorkClaim], of job: WorkJob, lease: Duration,
        states: String = "('taken')", _ connection: PostgresConnection
    ) throws {
        let changed = try connection.run(
            """
            UPDATE \(work) AS w SET lease_until = \(end(of: lease))\(change)
            FROM unnest($2, $3, $4, $5, $6) AS c (unit, attempt, position, documents, failed)
            WHERE w.job = $1 AND w.unit = c.unit AND w.attempt = c.attempt
                AND w.state IN \(states)
            RETURNING w.unit
            """,
            [
                .integer(job.id), .texts(claims.map(\.unit)), .integers(claims.map(\.attempt)),
                .integers(claims.map(\.position)), .integers(claims.map(\.documents)),
                .integers(claims.map(\.failed)),
            ])
        guard changed.count < claims.count else { return }
        let held = Set(try changed.rows.map { Identifier(try $0.text(0)) })
        let lost = claims.first { !held.contains(Identifier($0.unit)) }
        throw StoreError.workLost(unit: lost?.unit ?? "")
    }

    /// Of the statement, not of the transaction's beginning, which may be long ago.
    private func end(of lease: Duration) -> String {
        "statement_timestamp() + interval '\(lease.components.seconds) s' "
            + "+ interval '\(lease.components.attoseconds / 1_000_000_000_000_000) ms'"
    }
}
