import Synchronization
import Testing
import VectorDatabase

@testable import HTTPServer

@Suite struct RerankingQueueTests {
    /// Gives each passage its length, when it is let go; remembers the order of questions.
    private final class LengthScorer: QuestionScorer {
        let begun = AsyncStream<String>.makeStream()
        private let gate = AsyncStream<Void>.makeStream()
        private let state = Mutex((running: 0, most: 0, questions: [String]()))

        var most: Int { state.withLock { $0.most } }
        var questions: [String] { state.withLock { $0.questions } }

        func release() { gate.continuation.finish() }

        func questionLogProbabilities(
            of question: String, given passages: [String]
        ) async throws -> [Double] {
            state.withLock { state in
                state.questions.append(question)
                state.running += 1
                state.most = max(state.most, state.running)
            }
            defer { state.withLock { $0.running -= 1 } }
            begun.continuation.yield(question)
            for await _ in gate.stream {}
            return passages.map { -Double($0.utf8.count) }
        }
    }

    private let scorer = LengthScorer()

    private func ask(_ queue: RerankingQueue, _ question: String) -> Task<[Double], any Error> {
        Task { try await queue.questionLogProbabilities(of: question, given: ["a", "abc"]) }
    }

    /// Lets a question take its place in the queue.
    private func waitUntil(_ queue: RerankingQueue, has count: Int) async {
        while queue.waitingCount != count { await Task.yield() }
    }

    @Test func oneAtATimeInTheOrderTheyCame() async throws {
        let queue = RerankingQueue(scorer, limit: 10)
        let first = ask(queue, "1")
        for await _ in scorer.begun.stream { break }
        var others: [Task<[Double], any Error>] = []
        for number in 2...5 {
            others.append(ask(queue, "\(number)"))
            await waitUntil(queue, has: number - 1)
        }
        scorer.release()
        for task in [first] + others { #expect(try await task.value == [-1, -3]) }
        #expect(scorer.most == 1 && scorer.questions == ["1", "2", "3", "4", "5"])
        #expect(queue.waitingCount == 0)
    }

    /// A cancelled query gives up its place, and the others go on.
    @Test func cancellation() async throws {
        let queue = RerankingQueue(scorer, limit: 10)
        let first = ask(queue, "1")
        for await _ in scorer.begun.stream { break }
        let second = ask(queue, "2")
        await waitUntil(queue, has: 1)
        let third = ask(queue, "3")
        await waitUntil(queue, has: 2)
        second.cancel()
        await #expect(throws: CancellationError.self) { try await second.value }
        scorer.release()
        #expect(try await first.value == [-1, -3])
        #expect(try await third.value == [-1, -3])
        #expect(scorer.questions == ["1", "3"])
    }

    @Test func moreThanMayWaitAreRefused() async throws {
        let queue = RerankingQueue(scorer, limit: 2)
        let first = ask(queue, "1")
        for await _ in scorer.begun.stream { break }
        let second = ask(queue, "2")
        await waitUntil(queue, has: 1)
        try queue.admit()
        let third = ask(queue, "3")
        await waitUntil(queue, has: 2)
        // A query takes a second, as long as none has been measured.
        #expect(throws: RequestFailure.rerankerBusy(retryAfter: 2)) { try queue.admit() }
        scorer.release()
        for task in [first, second, third] { _ = try await task.value }
        try queue.admit()
    }

    /// A failure ends a turn like an answer.
    @Test func failuresLetTheNextOneIn() async throws {
        struct Failure: Error {}
        struct FailingScorer: QuestionScorer {
            func questionLogProbabilities(
                of question: String, given passages: [String]
            ) async throws -> [Double] { throw Failure() }
        }
        let queue = RerankingQueue(FailingScorer(), limit: 1)
        for _ in 0..<2 {
            await #expect(throws: Failure.self) { try await ask(queue, "1").value }
        }
    }
}
