/// A store through which many processes share the work of one ingest.
///
///     register ──> open ──claim──> taken ──finish──> done
///                   ^                │ │
///                   │<─── release ───┘ └──fail──> failed ──reopenFailed──> open
///                   └─ another worker claims a taken unit after its lease
///
/// Invariants:
/// 1. At most one claim of a unit can write. Each claim has a greater attempt than those before; whoever
///    writes with an older one changes nothing and gets `workLost`.
/// 2. The position of a unit moves in the transaction that stores the documents up to it. So whoever takes
///    the unit next continues after the last document that is stored.
/// 3. All calls may be repeated: a claim's numbers are absolute.
package protocol WorkQueue: Store {
    /// The job of this name; `nil` if nobody has registered it.
    func job(
        named name: String, ofCollection collection: String
    ) throws(StoreError) -> WorkJob?

    /// Registers a job with its units, or joins it if it is registered. The collection need not exist.
    ///
    /// - Parameter settings: what all workers must have in common beside the units.
    /// - Throws: `unitDiffers` if the job has other units, `jobDiffers` if it has other settings.
    func register(
        _ units: [WorkUnit], as name: String, settings: String, ofCollection collection: String
    ) throws(StoreError) -> WorkJob

    /// Takes units that are open, or whose worker has not been heard of for the time of its lease.
    ///
    /// - Parameters:
    ///   - worker: who takes them, for people.
    ///   - lease: how long they are this worker's, unless it writes.
    ///   - limit: the most units.
    ///   - bytes: of further units after the first, no more than fit.
    /// - Returns: none if there are none now; the job need not be finished then.
    func claim(
        from job: WorkJob, worker: String, lease: Duration, limit: Int, bytes: Int64
    ) throws(StoreError) -> [WorkClaim]

    /// Stores a batch, as `write` of `Store` does, and in the same transaction moves the claims to their
    /// positions and extends their leases. Of a batch that is stored in several transactions, all are
    /// fenced, and the last one moves the claims.
    ///
    /// - Parameter batch: may be empty.
    /// - Throws: also `workLost` if another worker has one of the units; nothing more is written then.
    func write(
        _ batch: [DocumentWrite], to collection: CollectionRecord,
        onConflict policy: ConflictPolicy, moving claims: [WorkClaim], of job: WorkJob,
        lease: Duration
    ) throws(StoreError) -> BatchOutcome

    /// Deletes documents, as `delete(documentKeys:from:)` of `Store` does. Each transaction is fenced, and
    /// extends the claim's lease.
    ///
    /// - Throws: also `workLost`; nothing more is deleted then.
    func delete(
        documentKeys keys: [Int64], from collection: CollectionRecord, holding claim: WorkClaim,
        of job: WorkJob, lease: Duration
    ) throws(StoreError) -> DeleteOutcome

    /// Moves claims for which nothing is written, and extends their leases.
    ///
    /// - Throws: `workLost`.
    func move(
        _ claims: [WorkClaim], of job: WorkJob, lease: Duration
    ) throws(StoreError)

    /// Extends the leases of claims, wherever they are.
    ///
    /// - Throws: `workLost`; the others' leases are not extended then.
    func extend(
        _ claims: [WorkClaim], of job: WorkJob, lease: Duration
    ) throws(StoreError)

    /// Ends units, at the claims' positions.
    ///
    /// - Throws: `workLost`.
    func finish(_ claims: [WorkClaim], of job: WorkJob) throws(StoreError)

    /// Ends a unit that cannot be read to its end. Does nothing if another worker has it.
    func fail(
        _ claim: WorkClaim, of job: WorkJob, error: String
    ) throws(StoreError)

    /// Gives units back. Does nothing for those that another worker has.
    func release(_ claims: [WorkClaim], of job: WorkJob) throws(StoreError)

    /// Opens the units that failed.
    ///
    /// - Returns: their number.
    func reopenFailed(of job: WorkJob) throws(StoreError) -> Int

    func status(of job: WorkJob) throws(StoreError) -> WorkStatus

    /// The jobs of a collection, ordered by name.
    func jobs(ofCollection collection: String) throws(StoreError) -> [WorkJob]
}
