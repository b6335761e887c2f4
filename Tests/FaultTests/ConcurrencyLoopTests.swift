import TestSupport
import Testing
import Torture

/// Readers and writers at once; see `ConcurrencyLoop`. `make torture` does it for minutes and among
/// processes.
struct ConcurrencyLoopTests {
    @Test func readersAndWriters() async throws {
        let scratch = try ScratchFolder()
        var options = ConcurrencyLoop.Options(folder: scratch.path, seed: 5)
        options.writes = 10
        let summary = try await ConcurrencyLoop(options).run()
        #expect(summary.writes > 10)
        #expect(summary.reads > 0)
    }
}
