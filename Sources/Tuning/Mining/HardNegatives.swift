import Training

/// The choice among the ranked documents of one query.
///
/// It depends on the ranking, the options and the query's id alone: not on other queries, nor on
/// threads.
package struct HardNegatives {
    /// A document at its place in the ranking without the positives.
    package struct Candidate: Equatable {
        package let id: String
        package let rank: Int
        package let score: Double
    }

    let options: MiningOptions

    package init(options: MiningOptions) { self.options = options }

    /// 1. Drop the known positives. 2. Keep the ranks asked for. 3. Drop likely false negatives,
    /// where asked. 4. Draw at random without replacement; fewer than asked for where there are
    /// fewer.
    ///
    /// - Parameters:
    ///   - ranking: best first, the positives among them.
    ///   - positiveScore: the best positive's, where the ranking has none of them.
    /// - Returns: in the order of their ranks.
    package func choose(
        query: String, ranking: [(id: String, score: Double)], positives: Set<String>,
        positiveScore: Double? = nil
    ) -> [Candidate] {
        let others = ranking.filter { !positives.contains($0.id) }
        var candidates = others.enumerated().map {
            Candidate(id: $1.id, rank: $0 + 1, score: $1.score)
        }
        candidates = Array(candidates.prefix(options.toRank).dropFirst(options.fromRank - 1))
        if let ratio = options.maximumScoreRatio {
            let found = ranking.first { positives.contains($0.id) }?.score
            if let score = found ?? positiveScore {
                candidates.removeAll { $0.score > ratio * score }
            }
        }
        var generator = SeededGenerator(seed: options.seed, purpose: 6, SeededGenerator.hash(query))
        let count = min(options.negatives, candidates.count)
        return generator.choice(count, of: candidates.count).map { candidates[$0] }
    }
}
