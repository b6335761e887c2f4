import RandomNumbers

/// Which positive and which negatives of a row a run uses: the first ones without shuffling, else
/// drawn by seed and row number, the same in every epoch.
struct PairChoice {
    let negatives: Int
    let seed: UInt64
    let shuffles: Bool

    func choose(
        row: Int, positives: [String], negatives all: [String]
    ) -> (positive: String, negatives: [String]) {
        guard shuffles else { return (positives[0], Array(all.prefix(negatives))) }
        var generator = SeededGenerator(seed: seed, purpose: 2, UInt64(row))
        let positive = positives[generator.below(positives.count)]
        let count = min(negatives, all.count)
        return (positive, generator.choice(count, of: all.count).map { all[$0] })
    }
}
