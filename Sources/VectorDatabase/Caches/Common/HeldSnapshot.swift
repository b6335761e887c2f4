import Synchronization

/// The newest snapshot of a cache, which searches share.
///
/// A search brings it up to date first, and others wait meanwhile. With an ingest of many commits that
/// would be a part of many searches, so the writer does that work: it holds the snapshot, commits, brings
/// it up to date beside the searches, and only then acknowledges the commit. Until then searches use the
/// snapshot as it was. The writer has the database's lock, so nobody else commits meanwhile.
final class HeldSnapshot<Value: Sendable>: Sendable {
    private struct State {
        var value: Value?
        var holders = 0
        var lastUse: ContinuousClock.Instant?
    }

    private let state = Mutex(State())
    /// Taken by one holder after the other, so that none puts back an older snapshot.
    private let updating = Mutex(())

    /// How long after a search others are expected. Without any, the writer leaves the work to them.
    private static var searchPause: Duration { .seconds(10) }

    /// - Parameters:
    ///   - isFresh: whether even a snapshot that is held must have every commit so far.
    ///   - fits: whether a held snapshot is of the collection that is searched.
    ///   - update: the snapshot, or a new one, with every commit so far.
    func value(
        isFresh: Bool, fits: (Value) -> Bool, update: (Value?) throws -> Value
    ) throws -> Value {
        try state.withLock { state in
            state.lastUse = .now
            if state.holders > 0, !isFresh, let value = state.value, fits(value) { return value }
            let value = try update(state.value)
            state.value = value
            return value
        }
    }

    /// Runs `body`, which commits or writes files, and brings the snapshot up to date after it.
    func holding<Result>(
        update: (Value?) throws -> Value, _ body: () throws -> Result
    ) throws -> Result {
        guard try hold(update) else { return try body() }
        defer { state.withLock { $0.holders -= 1 } }
        let result = try body()
        updating.withLock { _ in
            let old = state.withLock { $0.value }
            // Without one, the next search makes it.
            let new = try? update(old)
            state.withLock { $0.value = new }
        }
        return result
    }

    private func hold(_ update: (Value?) throws -> Value) throws -> Bool {
        try state.withLock { state in
            guard let lastUse = state.lastUse, .now - lastUse < Self.searchPause else {
                return false
            }
            if state.holders == 0 { state.value = try update(state.value) }
            state.holders += 1
            return true
        }
    }

    func forget() { state.withLock { $0.value = nil } }
}
