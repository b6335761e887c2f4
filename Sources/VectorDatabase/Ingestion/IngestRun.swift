import FileFormat
import Storage
import Synchronization
import TextBytes

/// The state that the stages of one ingest share.
///
/// Invariants:
/// 1. Documents keep the order of their sequence from stage to stage; each window is one array.
/// 2. The queues between stages are bounded by bytes: memory does not grow with the corpus.
/// 3. Only the store stage writes to the database; `acknowledged` is called after its commits.
/// 4. The index stage follows the database's change log, not the stages before it: what it has not
/// seen when a run ends, the next run finds there.
/// 5. The first error, or a cancellation, ends every stage. What was committed stays.
final class IngestRun: Sendable {
    let collection: DocumentCollection
    let options: IngestOptions
    let started = ContinuousClock.now
    let pacing: WindowPacing
    let documents: BoundedQueue<Document>
    let prepared: BoundedQueue<[PendingDocument]>
    let encoded: BoundedQueue<[PendingDocument]>
    let progress: Mutex<IngestProgress>
    /// The ids of documents between preparation and commit, with their counts.
    let inFlight = Mutex<[Identifier: Int]>([:])
    /// The collection, once it exists.
    let record: Mutex<CollectionRecord?>
    let report: (@Sendable (IngestProgress) -> Void)?
    /// Wakes the index stage after a commit.
    let committed = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    /// How documents are cut, as part of their signature; empty if they are not cut.
    let chunkingDescription: String
    /// What measures passages, once one is needed.
    private let measure = Mutex<PassageMeasure?>(nil)

    /// The most bytes that wait between two stages.
    static let queueBound = 32 << 20
    /// The most documents in a commit; waiting windows are joined up to this.
    static let largestCommit = 8192

    init(
        _ collection: DocumentCollection, record: CollectionRecord?, options: IngestOptions,
        report: (@Sendable (IngestProgress) -> Void)?
    ) {
        self.collection = collection
        self.options = options
        self.report = report
        self.record = Mutex(record)
        pacing = WindowPacing(maximum: options.batchSize)
        documents = BoundedQueue(bound: Self.queueBound, patience: .milliseconds(300))
        prepared = BoundedQueue(bound: Self.queueBound, patience: .zero)
        encoded = BoundedQueue(bound: Self.queueBound, patience: .zero)
        progress = Mutex(IngestProgress())
        chunkingDescription = options.chunking?.signature ?? ""
    }

    /// Measures texts as the embedder that will encode them. Without an embedder lengths are
    /// estimated; then encoding fails, or is not needed.
    var passageMeasure: PassageMeasure {
        measure.withLock { measure in
            if let measure { return measure }
            let found = PassageMeasure(
                options.encodesText ? (try? embedderForEncoding()) ?? nil : nil)
            measure = found
            return found
        }
    }

    var currentRecord: CollectionRecord? { record.withLock { $0 } }

    /// Changes the progress and reports it.
    func update(_ change: (inout IngestProgress) -> Void) {
        let current = progress.withLock { progress in
            change(&progress)
            progress.stored.seconds = (ContinuousClock.now - started) / .seconds(1)
            return progress
        }
        report?(current)
    }
}
