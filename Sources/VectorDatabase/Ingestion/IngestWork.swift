import Storage

/// Shared work that an ingest is a part of, and that must know what is stored in the transaction that
/// stores it.
protocol IngestWork: Sendable {
    /// Stores a batch, and records what is settled with it.
    func write(
        _ batch: [DocumentWrite], to record: CollectionRecord, onConflict policy: ConflictPolicy,
        settling settled: Settlement
    ) throws -> BatchOutcome

    /// Records what is settled without anything to store.
    func settle(_ settled: Settlement) throws

    /// Deletes what synchronized sources no longer have.
    func delete(_ documents: [SourcedDocument], from record: CollectionRecord) throws -> Int

    /// The ingest ends at the first document that is not settled, which is at fault.
    func stop()
}

/// The documents of a run that are settled with a commit: the next ones in its order.
struct Settlement: Sendable {
    /// For each document, whether it could not be stored.
    let failed: [Bool]
    /// Whether a piece of the document after them is stored, too.
    let continues: Bool

    init(_ documents: [PendingDocument]) {
        failed = documents.filter(\.isLastPiece).map { document in
            if case .failed = document.fate { true } else { false }
        }
        continues = documents.last.map { !$0.isLastPiece } ?? false
    }
}
