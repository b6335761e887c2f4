import ArgumentParser
import Torture

/// `vdb-torture disk`: every operation of a short script on the disk fails, then those of one that does
/// all that writes.
struct DiskCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "disk", abstract: "Let every operation on the disk fail.")

    @Option(help: "Every so many operations of the whole script.")
    var step = 1

    @OptionGroup var general: TortureArguments

    func run() async throws {
        try await general.run { folder in
            try await fail(.short, "short script", step: 1, folder)
            try await fail(.everything, "whole script", step: step, folder)
        }
    }

    private func fail(_ script: FaultScript, _ name: String, step: Int, _ folder: String)
        async throws
    {
        for kind in FaultMachine.Kind.allCases {
            for lasts in [false, true] {
                let start = ContinuousClock.now
                var faults = DiskFaults(script, folder: folder + "/db", seed: general.seed)
                let summary = try await faults.run(kind, lasts: lasts, step: step)
                report(
                    "\(name), \(kind), \(lasts ? "lasting" : "once"): "
                        + "\(summary.operations) operations, "
                        + "\(summary.faults) faults, \(summary.errors) errors told, "
                        + "nothing lost, \(seconds(since: start))")
            }
        }
    }
}
