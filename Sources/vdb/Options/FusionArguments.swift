import ArgumentParser
import VectorDatabase

/// How hybrid search combines its two rankings.
struct FusionArguments: ParsableArguments {
    @Option(
        name: .customLong("fusion"),
        help: ArgumentHelp(
            "What hybrid mode adds: scores, divided by the best of each list, or reciprocal ranks.",
            valueName: "how"))
    var method = Fusion.Method.scores

    @Option(
        help: ArgumentHelp(
            "Weight of vectors in hybrid mode, against 1 for words (default: the model's, else 0.4 for "
                + "scores and 0.35 for ranks).",
            valueName: "w"))
    var hybridWeight: Double?

    @Option(
        help: ArgumentHelp(
            "Weight of tokens that are alike, with scores (default: in hybrid mode the model's, else 0).",
            valueName: "w"))
    var tokenWeight: Double?

    func validate() throws {
        for (name, weight) in [
            ("--hybrid-weight", hybridWeight), ("--token-weight", tokenWeight),
        ] {
            if let weight, !weight.isFinite || weight < 0 {
                throw ValidationError("\(name) must be 0 or more, not \(weight)")
            }
        }
    }

    /// A nil weight uses the model's.
    var fusion: Fusion { Fusion(method, denseWeight: hybridWeight, tokenWeight: tokenWeight) }
}

extension Fusion.Method: ExpressibleByArgument {}
