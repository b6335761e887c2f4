/// A store in which many processes share the re-encoding of a collection. It is a job, whose units are
/// ranges of passages; the last unit takes the new vectors into use.
///
///     registered ──> ranges claimed, encoded, stored ──> none is left ──> exchange claimed ──> exchanged
///
/// Invariants:
/// 1. Vectors are stored by whoever has the claim of their unit. A job's model is its collection's staged
///    one, so no two models' vectors meet in what is staged.
/// 2. Ranges are registered again for passages that came meanwhile, until few are left. Those get their
///    vectors in the transaction of the exchange, which writers wait for.
/// 3. The job ends with the exchange, or when the re-encoding is discarded.
package protocol StagingQueue: WorkQueue {
    /// The job of the unfinished re-encoding by this model. If nobody has anything to do, it gets what is
    /// left as units.
    ///
    /// - Returns: `nil` if no re-encoding by this model is unfinished.
    func stagingJob(
        model fingerprint: String, in collection: CollectionRecord
    ) throws(StoreError) -> WorkJob?

    /// Whether the claim is of the exchange.
    func isExchange(_ claim: WorkClaim) -> Bool

    /// The first passages of the unit that have no new vector, in key order; of the exchange, those of the
    /// whole collection.
    func unstagedPassages(
        of claim: WorkClaim, limit: Int, in collection: CollectionRecord
    ) throws(StoreError) -> [PassageRecord]

    /// Stores new vectors, as `stageVectors` of `Store` does, and in the same transactions moves the claim
    /// and extends its lease.
    ///
    /// - Throws: `workLost` if another worker has the unit; nothing is stored then.
    func stageVectors(
        _ vectors: [(passage: Int64, vector: [Float])], in collection: CollectionRecord,
        moving claim: WorkClaim, of job: WorkJob, lease: Duration
    ) throws(StoreError)

    /// Replaces the old vectors and model by the new ones, after those of the passages that have none have
    /// been added: in one transaction, which writers wait for. The job ends.
    ///
    /// - Parameter encode: makes the vectors of at most `limit` passages at a time.
    /// - Throws: `workLost` if another worker does it; what `encode` throws.
    func exchange(
        holding claim: WorkClaim, of job: WorkJob, in collection: CollectionRecord, limit: Int,
        encode: ([PassageRecord]) throws -> [(passage: Int64, vector: [Float])]
    ) throws -> CollectionRecord
}
