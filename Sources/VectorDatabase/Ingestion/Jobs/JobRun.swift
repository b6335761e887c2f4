import Storage
import Synchronization
import TextBytes

/// One ingest of a worker: the units that it has taken, and which documents of the ingest are theirs.
///
///     claim ──> held, unread ──reader──> read ──settled to its end──> finished
///
/// Invariants:
/// 1. Documents are counted as the reader hands them over, over all units; they are settled in that order.
/// 2. A unit's documents are consecutive, and units are read in the order of `held`.
/// 3. Only a commit moves a claim, by what it settles.
final class JobRun: IngestWork {
    let job: WorkJob
    private let queue: any WorkQueue
    private let units: [Identifier: FileUnit]
    private let worker: String
    private let lease: Duration
    private let state = Mutex(State())
    /// Wakes the reader after a commit.
    let committed = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))

    private struct Held {
        /// As far as it is committed.
        var claim: WorkClaim
        let unit: FileUnit
        /// The number of the unit's first document in this run, once it is being read.
        var first: Int?
        /// The number of its documents, once it is read.
        var count: Int?
        /// The records of it that cannot be read, which are no documents.
        var unreadable = 0

        /// The run's documents that are the unit's, as far as they are known.
        var documents: Range<Int> {
            guard let first else { return Int.max..<Int.max }
            return first..<(count.map { first + $0 } ?? .max)
        }

        func isSettled(_ settled: Int) -> Bool { count != nil && settled >= documents.upperBound }
    }

    private struct State {
        var held: [Held] = []
        var handed = 0
        var settled = 0
        /// Bytes of the documents that are handed over and not settled.
        var sizes = FIFO()
        var settledBytes = 0
        var began: ContinuousClock.Instant?
        var fault: Fault = .none
    }

    /// Which unit an error is about.
    private enum Fault { case none, read, store }

    init(
        _ job: WorkJob, _ queue: any WorkQueue, units: [Identifier: FileUnit], worker: String,
        lease: Duration
    ) {
        self.job = job
        self.queue = queue
        self.units = units
        self.worker = worker
        self.lease = lease
    }

    // MARK: Reading

    /// The most units taken at a time, if they are small.
    private static let unitsInClaim = 64
    /// How much of the input is taken ahead: what is encoded in this time, and at least and at most so
    /// many bytes. What one worker holds, no other can do.
    private static let ahead = Duration.seconds(2)
    private static let aheadBounds = 64 << 10...8 << 20

    private static func bytesAhead(_ state: State) -> Int {
        guard let began = state.began else { return aheadBounds.lowerBound }
        let seconds = max(0.1, (ContinuousClock.now - began) / .seconds(1))
        let rate = Double(state.settledBytes) / seconds
        let wanted = Int(rate * (ahead / .seconds(1)))
        return min(max(wanted, aheadBounds.lowerBound), aheadBounds.upperBound)
    }

    /// Whether so little is left to encode that the next unit is due.
    var wantsMore: Bool {
        state.withLock { $0.sizes.sum < Self.bytesAhead($0) }
    }

    /// The next unit to read, and how many of its documents are settled already; `nil` if none is free.
    func take() throws -> (unit: FileUnit, settled: Int)? {
        if let next = begin() { return next }
        let bytes = state.withLock { Int64(Self.bytesAhead($0)) }
        let claims = try queue.claim(
            from: job, worker: worker, lease: lease, limit: Self.unitsInClaim, bytes: bytes)
        try state.withLock { state in
            for claim in claims {
                guard var unit = units[Identifier(claim.unit)] else {
                    throw StoreError.unitDiffers(
                        job: job.name, path: claim.unit, difference: .missing)
                }
                unit.setLines(before: Int(claim.line))
                state.held.append(Held(claim: claim, unit: unit))
            }
        }
        return begin()
    }

    private func begin() -> (unit: FileUnit, settled: Int)? {
        state.withLock { state in
            guard let index = state.held.firstIndex(where: { $0.first == nil }) else { return nil }
            state.held[index].first = state.handed
            state.began = state.began ?? .now
            return (state.held[index].unit, Int(state.held[index].claim.position))
        }
    }

    /// A document of the unit that is being read goes to the run.
    func hand(_ document: Document) {
        state.withLock { state in
            state.handed += 1
            state.sizes.append(document.weight)
        }
    }

    /// The unit that is being read ends.
    func endReading(unreadable: Int) throws {
        state.withLock { state in
            guard let index = Self.reading(state) else { return }
            state.held[index].count = state.handed - (state.held[index].first ?? 0)
            state.held[index].unreadable = unreadable
        }
        try finishSettled()
    }

    /// The unit that is being read cannot be read any further.
    func failReading() { state.withLock { $0.fault = .read } }

    private static func reading(_ state: State) -> Int? {
        state.held.firstIndex { $0.first != nil && $0.count == nil }
    }

    // MARK: Storing

    func write(
        _ batch: [DocumentWrite], to record: CollectionRecord, onConflict policy: ConflictPolicy,
        settling settled: Settlement
    ) throws -> BatchOutcome {
        let claims = moved(by: settled)
        let outcome = try queue.write(
            batch, to: record, onConflict: policy, moving: claims, of: job, lease: lease)
        try commit(claims, settled)
        return outcome
    }

    func settle(_ settled: Settlement) throws {
        let claims = moved(by: settled)
        try queue.move(claims, of: job, lease: lease)
        try commit(claims, settled)
    }

    /// A worker sees only its part of the files: ``JobDeletions`` deletes.
    func delete(_ documents: [SourcedDocument], from record: CollectionRecord) -> Int { 0 }

    func stop() { state.withLock { $0.fault = .store } }

    /// The claims of the units that a commit concerns, as they are after it.
    private func moved(by settled: Settlement) -> [WorkClaim] {
        state.withLock { state in
            let end = state.settled + settled.failed.count
            let concerned = state.settled..<end + (settled.continues ? 1 : 0)
            return state.held.compactMap { held in
                guard held.documents.overlaps(concerned) else { return nil }
                var claim = held.claim
                for number in held.documents.clamped(to: state.settled..<end) {
                    claim.position += 1
                    if settled.failed[number - state.settled] {
                        claim.failed += 1
                    } else {
                        claim.documents += 1
                    }
                }
                return claim
            }
        }
    }

    private func commit(_ claims: [WorkClaim], _ settled: Settlement) throws {
        state.withLock { state in
            for claim in claims {
                let index = state.held.firstIndex { $0.claim.unit.hasSameBytes(as: claim.unit) }
                if let index { state.held[index].claim = claim }
            }
            state.settled += settled.failed.count
            state.settledBytes += state.sizes.removeFirst(settled.failed.count)
        }
        committed.continuation.yield()
        try finishSettled()
    }

    /// Ends the units of which everything is settled.
    private func finishSettled() throws {
        let claims = state.withLock { state in
            let settled = state.settled
            defer { state.held.removeAll { $0.isSettled(settled) } }
            return state.held.filter { $0.isSettled(settled) }.map { held in
                var claim = held.claim
                claim.failed += Int64(held.unreadable)
                return claim
            }
        }
        // Another worker that has one of them finds everything stored.
        do throws(StoreError) { try queue.finish(claims, of: job) } catch {
            guard case .workLost = error else { throw error }
        }
    }

    // MARK: Ending

    /// Tells the others that this worker lives.
    func extendLeases() throws {
        let claims = state.withLock { $0.held.map(\.claim) }
        try queue.extend(claims, of: job, lease: lease)
    }

    /// After the run: gives back what is left.
    ///
    /// - Parameter error: what ended the run.
    /// - Returns: whether the error was about one unit, which is recorded.
    func end(_ error: (any Error)?) throws -> Bool {
        let (failing, rest) = state.withLock { state in
            let index: Int? =
                switch state.fault {
                case .none: nil
                case .read: Self.reading(state)
                case .store: state.held.firstIndex { $0.documents.contains(state.settled) }
                }
            defer { state.held = [] }
            guard error != nil, let index else {
                return (nil as WorkClaim?, state.held.map(\.claim))
            }
            let failing = state.held.remove(at: index).claim
            return (failing, state.held.map(\.claim))
        }
        if let failing, let error {
            try queue.fail(failing, of: job, error: Self.description(of: error))
        }
        try queue.release(rest, of: job)
        return failing != nil
    }

    private static func description(of error: any Error) -> String {
        switch error {
        case let error as DatabaseError: error.description
        case let error as SourceError: error.description
        default: "\(error)"
        }
    }
}

/// Sizes in the order in which they come and go.
private struct FIFO {
    private var sizes: [Int] = []
    private var start = 0
    private(set) var sum = 0

    mutating func append(_ size: Int) {
        sizes.append(size)
        sum += size
    }

    /// - Returns: the sum of those removed.
    mutating func removeFirst(_ count: Int) -> Int {
        let end = min(start + count, sizes.count)
        let removed = sizes[start..<end].reduce(0, +)
        start = end
        sum -= removed
        if start > 4096, start > sizes.count / 2 {
            sizes.removeFirst(start)
            start = 0
        }
        return removed
    }
}
