import Foundation
import TestSupport
import Testing
import Torture

/// Readers and writers at once; see `ConcurrencyLoop`. `make torture` does it for minutes and among
/// processes, `make tsan` under the thread sanitizer.
struct ConcurrencyLoopTests {
    @Test func readersAndWriters() async throws {
        let scratch = TemporaryFolder()
        var options = ConcurrencyLoop.Options(folder: scratch.path, seed: RandomSource.seed(5))
        options.writes = 10
        options.seconds =
            ProcessInfo.processInfo.environment["VDB_CONCURRENCY_SECONDS"].flatMap(Double.init) ?? 0
        let summary = try await ConcurrencyLoop(options).run()
        #expect(summary.writes > 10)
        #expect(summary.reads > 0)
    }
}
