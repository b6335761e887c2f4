import Synchronization
import VectorDatabase

/// The model that reranks, for one query at a time, since each takes all threads.
///
/// Others wait in the order they came; one that is cancelled gives up its place.
final class RerankingQueue: QuestionScorer {
    private struct State {
        var isBusy = false
        var waiting: [(id: Int, turn: CheckedContinuation<Void, any Error>)] = []
        var last = 0
        /// Seconds that a query takes, measured.
        var seconds = 1.0
    }

    private let base: any QuestionScorer
    private let limit: Int
    private let state = Mutex(State())

    /// - Parameter limit: the queries that may wait before more are refused.
    init(_ base: any QuestionScorer, limit: Int) {
        self.base = base
        self.limit = limit
    }

    /// Queries that wait for their turn.
    var waitingCount: Int { state.withLock { $0.waiting.count } }

    /// - Throws: `rerankerBusy` if more queries wait than may.
    func admit() throws(RequestFailure) {
        let seconds = state.withLock { state -> Int? in
            guard state.waiting.count >= limit else { return nil }
            let needed = Double(state.waiting.count) * state.seconds
            return Int(max(1, min(60, needed.rounded(.up))))
        }
        if let seconds { throw .rerankerBusy(retryAfter: seconds) }
    }

    func questionLogProbabilities(
        of question: String, given passages: [String]
    ) async throws -> [Double] {
        try await takeTurn()
        let began = ContinuousClock.now
        defer { endTurn() }
        let values = try await base.questionLogProbabilities(of: question, given: passages)
        let taken = (ContinuousClock.now - began) / .seconds(1)
        state.withLock { $0.seconds = 0.8 * $0.seconds + 0.2 * taken }
        return values
    }

    private func takeTurn() async throws {
        let id = state.withLock { state in
            state.last += 1
            return state.last
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation {
                (turn: CheckedContinuation<Void, any Error>) in
                let result = state.withLock { state -> Result<Void, any Error>? in
                    if Task.isCancelled { return .failure(CancellationError()) }
                    if state.isBusy {
                        state.waiting.append((id, turn))
                        return nil
                    }
                    state.isBusy = true
                    return .success(())
                }
                if let result { turn.resume(with: result) }
            }
        } onCancel: {
            let turn = state.withLock { state in
                state.waiting.firstIndex { $0.id == id }.map { state.waiting.remove(at: $0).turn }
            }
            turn?.resume(throwing: CancellationError())
        }
    }

    private func endTurn() {
        let next = state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.isBusy = false
                return CheckedContinuation<Void, any Error>?.none
            }
            return state.waiting.removeFirst().turn
        }
        next?.resume()
    }
}
