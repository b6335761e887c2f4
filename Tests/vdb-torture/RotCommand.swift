import ArgumentParser
import Torture

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
