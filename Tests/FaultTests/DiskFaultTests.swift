import TestSupport
import Testing
import Torture

/// Operations on the disk that fail; see `DiskFaults` for what is asked. `make torture` lets every
/// operation of the long script fail.
@Suite(.serialized) struct DiskFaultTests {
    @Test(arguments: FaultMachine.Kind.allCases, [false, true])
    func operationsOfAShortScript(kind: FaultMachine.Kind, lasts: Bool) async throws {
        let scratch = TemporaryFolder()
        var faults = DiskFaults(.short, folder: scratch.file("db"), seed: RandomSource.seed(3))
        let summary = try await faults.run(kind, lasts: lasts, step: 29, first: 7)
        #expect(summary.faults > 0)
    }

    @Test(arguments: FaultMachine.Kind.allCases)
    func operationsOfALongScript(kind: FaultMachine.Kind) async throws {
        let scratch = TemporaryFolder()
        var faults = DiskFaults(.everything, folder: scratch.file("db"), seed: RandomSource.seed(4))
        let summary = try await faults.run(kind, lasts: false, step: 149, first: 5)
        #expect(summary.faults > 0)
    }
}
