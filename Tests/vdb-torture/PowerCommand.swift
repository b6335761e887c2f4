import ArgumentParser
import Torture

/// `vdb-torture power`: every state that a power cut may leave at every moment of a script.
struct PowerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "power", abstract: "Open what a power cut may leave, at every moment.")

    @Option(help: "Random choices at each moment.")
    var rounds = 1

    @OptionGroup var general: TortureArguments

    func run() async throws {
        try await general.run { folder in
            for round in 0..<rounds {
                for (name, script) in [("short", FaultScript.short), ("whole", .everything)] {
                    let start = ContinuousClock.now
                    var power = PowerLoss(
                        script, folder: folder + "/" + name,
                        seed: general.seed &+ UInt64(round))
                    let summary = try await power.run()
                    report(
                        "\(name) script, power cuts: \(summary.operations) moments, "
                            + "\(summary.states) states opened, nothing lost, "
                            + seconds(since: start))
                }
            }
        }
    }
}
