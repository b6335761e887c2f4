import ArgumentParser
import VectorDatabase

/// How hybrid search joins its two rankings.
struct FusionArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Weight of ranks by vectors in hybrid mode (default: the model's, else 0.35).",
            valueName: "w"))
    var hybridWeight: Double?

    func validate() throws {
        if let hybridWeight, !hybridWeight.isFinite || hybridWeight < 0 {
            throw ValidationError("--hybrid-weight must not be negative, as \(hybridWeight) is")
        }
    }

    /// Nil: the model's.
    var fusion: ReciprocalRankFusion? {
        hybridWeight.map { ReciprocalRankFusion(denseWeight: $0) }
    }
}
