import TestSupport
import Testing
import Torture

/// What a power cut may leave of a database; see `PowerLoss` for what is asked of it, `DiskTrace` for
/// the disk that is modelled. `make torture` tries every loss at every moment.
@Suite(.serialized) struct PowerLossTests {
    @Test func momentsOfAShortScript() async throws {
        let scratch = TemporaryFolder()
        var powerLoss = PowerLoss(.short, folder: scratch.path, seed: RandomSource.seed(1))
        let summary = try await powerLoss.run(step: 5, byTurns: true)
        #expect(summary.states > 10)
    }

    @Test func momentsOfALongScript() async throws {
        let scratch = TemporaryFolder()
        var powerLoss = PowerLoss(.everything, folder: scratch.path, seed: RandomSource.seed(2))
        let summary = try await powerLoss.run(step: 37, byTurns: true)
        #expect(summary.states > 10)
    }
}
