import DocumentStore
import FileFormat
import Synchronization
import TextBytes

/// What the stages of one ingest share.
///
/// Invariants:
/// 1. Documents keep the order of their sequence from stage to stage; each window is one array.
/// 2. Between two stages lies a queue bounded by bytes: memory does not grow with the corpus.
/// 3. Only the store stage writes to the database; `acknowledged` is called after its commits.
/// 4. The index stage follows the database's change log, not the stages before it: what it has
///    not seen when a run ends is found there by the next one.
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
    /// Identifiers between preparation and commit, with how often.
    let inFlight = Mutex<[Identifier: Int]>([:])
    /// The collection, once it exists.
    let record: Mutex<CollectionRecord?>
    let report: (@Sendable (IngestProgress) -> Void)?
    /// Tells the index stage that there is something new.
    let committed = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    /// How documents are cut, as part of what makes them the same; empty where they are not.
    let chunkingDescription: String
    /// By whose tokens passages are measured, once a text is long enough to ask; an empty list where
    /// there is nobody.
    private let tokenCounter = Mutex<[any Embedder]?>(nil)

    /// Bytes that wait between two stages at most.
    static let queueBound = 32 << 20
    /// Documents in a commit at most; windows that wait are joined up to this.
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
        chunkingDescription =
            options.chunking.map {
                "\($0.maximumTokens) \($0.overlapTokens) \($0.cutsRecords)"
            } ?? ""
    }

    /// The number of tokens in a text, as the embedder counts them that will encode it. Where there
    /// is none it is estimated; encoding then fails, or there is none to be done.
    func tokenCount(of text: String) -> Int {
        let embedder = tokenCounter.withLock { counter -> (any Embedder)? in
            if let counter { return counter.first }
            let found = options.encodesText ? try? embedderForEncoding() : nil
            counter = found.map { [$0] } ?? []
            return found
        }
        return embedder?.tokenCount(of: text) ?? (text.utf8.count + 3) / 4
    }

    var currentRecord: CollectionRecord? { record.withLock { $0 } }

    /// Changes the progress and tells the observer.
    func update(_ change: (inout IngestProgress) -> Void) {
        let current = progress.withLock { progress in
            change(&progress)
            progress.stored.seconds = (ContinuousClock.now - started) / .seconds(1)
            return progress
        }
        report?(current)
    }
}
