import Foundation
import Synchronization
import VectorMath

/// How texts are generated.
package struct GenerationOptions: Sendable {
    /// The most tokens of a text, 1 or more.
    package var maximumTokens: Int
    /// Ids that end a text; they are not part of it.
    package var stopping: Set<Int32>
    /// The most sequences in flight on each thread.
    package var batchSize = 32
    /// The tokens that most prompts begin with, which are computed once.
    package var sharedPrefix: [Int32] = []
    /// The bytes that keys and values of all sequences in flight may need.
    package var cacheBytes = Int(clamping: ProcessInfo.processInfo.physicalMemory / 4)

    /// The most tokens of an answer for which memory is reserved at its beginning.
    static let mostReserved = 1024

    package init(maximumTokens: Int, stopping: Set<Int32> = []) {
        (self.maximumTokens, self.stopping) = (maximumTokens, stopping)
    }
}

/// A generated text.
package struct GeneratedTokens: Sendable, Equatable {
    package var tokens: [Int32]
    /// Whether a token of `stopping` ended it, and not `maximumTokens`.
    package var isFinished: Bool
}

extension LanguageModel {
    /// Generates greedily after each of `count` prompts: each next token is the most probable one,
    /// or the one with the lowest id if several are.
    ///
    /// What is generated does not depend on the other prompts, on `batchSize` or on `threads`.
    ///
    /// - Parameters:
    ///   - prompt: the prompt of a number, none of which may be empty. Called in the numbers'
    ///     order, one call at a time.
    ///   - isCancelled: asked before each token; returning true throws `ModelError.cancelled`.
    ///   - advance: called after each step, by any thread, with the number of tokens that it
    ///     generated.
    ///   - deliver: called for each prompt when its text has ended, by any thread.
    package func generate(
        count: Int, options: GenerationOptions, threads: Int = 1,
        isCancelled: @escaping @Sendable () -> Bool = { false },
        prompt: @escaping @Sendable (Int) -> SequenceInput,
        advance: @escaping @Sendable (Int) -> Void = { _ in },
        deliver: @escaping @Sendable (Int, GeneratedTokens) -> Void
    ) throws(ModelError) {
        precondition(options.maximumTokens > 0)
        prepare(threads: threads)
        let workers = max(1, min(threads, count))
        // Few prompts are shared out evenly.
        let sequences = min(max(1, options.batchSize), (count + workers - 1) / workers)
        let taken = Mutex(0)
        let failure = Mutex<ModelError?>(nil)
        WorkerThreads.run(count: workers, threads: workers) { _, _ in
            let generator = GreedyGenerator(
                self.makePass(), options, sequences: sequences,
                cacheBytes: options.cacheBytes / workers)
            do throws(ModelError) {
                try generator.run(
                    isCancelled: { isCancelled() || failure.withLock { $0 != nil } },
                    next: {
                        taken.withLock { number in
                            guard number < count else { return nil }
                            defer { number += 1 }
                            return (number, prompt(number))
                        }
                    }, advance: advance, deliver: deliver)
            } catch {
                failure.withLock { if $0 == nil { $0 = error } }
            }
        }
        if let error = failure.withLock({ $0 }) { throw locate(error) }
    }

    /// The same after one prompt, which must not be empty.
    ///
    /// - Parameter stopping: ids that end the text; they are not part of the result.
    package func generateGreedily(
        after input: SequenceInput, maximumTokens: Int, stopping: Set<Int32> = [],
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws(ModelError) -> [Int32] {
        guard maximumTokens > 0 else { return [] }
        let generated = Mutex<[Int32]>([])
        try generate(
            count: 1,
            options: GenerationOptions(maximumTokens: maximumTokens, stopping: stopping),
            isCancelled: isCancelled, prompt: { _ in input }
        ) { _, text in
            generated.withLock { $0 = text.tokens }
        }
        return generated.withLock { $0 }
    }
}
