import Synchronization

/// How many passages hold a stem, remembered until the collection changes: a batch of queries asks for
/// the same words again and again, and a common one takes milliseconds to count.
final class DocumentFrequencyCache: Sendable {
    private struct State {
        var collection: Int64 = 0
        var position: Int64 = -1
        var counts: [String: Int] = [:]
    }

    private static let limit = 100_000
    private let state = Mutex(State())

    /// - Parameters:
    ///   - position: the collection's place in the change log: another one forgets everything.
    ///   - count: finds what is not known.
    func frequency(
        of stem: String, collection: Int64, position: Int64, count: () throws -> Int
    ) rethrows -> Int {
        let known = state.withLock { state in
            state.collection == collection && state.position == position
                ? state.counts[stem] : nil
        }
        if let known { return known }
        let found = try count()
        state.withLock { state in
            if state.collection != collection || state.position != position
                || state.counts.count >= Self.limit
            {
                state = State(collection: collection, position: position)
            }
            state.counts[stem] = found
        }
        return found
    }
}
