import DocumentStore
import FileFormat
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
    /// The embedder that measures passages, once one is needed; an empty list if there is none.
    private let tokenCounter = Mutex<[any Embedder]?>(nil)

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
        chunkingDescription =
            options.chunking.map {
                "\($0.maximumTokens) \($0.overlapTokens) \($0.cutsRecords)"
            } ?? ""
    }

    /// The number of tokens in a text, as counted by the embedder that will encode it. Without an
    /// embedder it is estimated; then encoding fails, or is not needed.
    func tokenCount(of text: String) -> Int {
        let embedder = tokenCounter.withLock { counter -> (any Embedder)? in
            if let counter { return counter.first }
            let found = options.encodesText ? try? embedderForEncoding() : nil
            counter = found.map { [$0] } ?? []
            return found
        }
        return embedder?.tokenCount(of: text) ?? (text.utf8.count + 3) / 4
    }

    /// The most tokens of a text that the embedder encodes to its end; `nil` if it does not say, or if
    /// there is no embedder. Some are left for what it puts around a text.
    var longestText: Int? {
        _ = tokenCount(of: "")
        let embedder = tokenCounter.withLock { $0?.first }
        guard case .integer(let length)? = embedder?.identity.settings["max_length"] else {
            return nil
        }
        return max(1, Int(length) - Self.tokensAround)
    }

    /// Special tokens and fixed words that an embedder counts as part of a text.
    private static let tokensAround = 16

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
