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

/// `vdb-torture rot`: damaged caches, and caches that belong elsewhere.
struct RotCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rot", abstract: "Damage cache files, and put others in their place.")

    @Option(help: "Bits flipped in each cache file, and cuts of each.")
    var times = 200

    @OptionGroup var general: TortureArguments

    func run() async throws {
        try await general.run { folder in
            for suffix in CacheExchange.suffixes {
                let start = ContinuousClock.now
                var rot = CacheRot(folder: folder + "/rot" + suffix, seed: general.seed)
                let flips = try await rot.flip(suffix: suffix, times: times)
                let cuts = try await rot.cut(suffix: suffix, times: times)
                report(
                    "\(suffix): \(flips.damaged) bits flipped, \(flips.found) of them found; "
                        + "\(cuts.damaged) cuts, \(cuts.found) found; all repaired, "
                        + seconds(since: start))
            }
            let start = ContinuousClock.now
            var exchange = CacheExchange(folder: folder, seed: general.seed)
            try await exchange.prepare()
            var count = 0
            for database in CacheExchange.State.allCases {
                for caches in CacheExchange.State.allCases where caches != database {
                    count += try await exchange.run(caches, beside: database)
                }
            }
            report(
                "exchanged: \(count) sets of cache files, all passed over, \(seconds(since: start))"
            )
        }
    }
}
