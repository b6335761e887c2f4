import Evaluation
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
    /// if asked. 4. Draw at random without replacement, passing over what `isPositive` says is a
    /// positive all the same; fewer than asked for if there are fewer.
    ///
    /// - Parameters:
    ///   - ranking: best first, the positives among them.
    ///   - positiveScore: the best positive's, if the ranking has none of them.
    ///   - isPositive: whether a document has a positive's text under another id.
    /// - Returns: the negatives in the order of their ranks, and how many were passed over.
    package func choose(
        query: String, ranking: [(id: String, score: Double)], positives: Set<Identifier>,
        positiveScore: Double? = nil, isPositive: (_ id: String) throws -> Bool
    ) rethrows -> (negatives: [Candidate], passedOver: Int) {
        let others = ranking.filter { !positives.contains(Identifier($0.id)) }
        var candidates = others.enumerated().map {
            Candidate(id: $1.id, rank: $0 + 1, score: $1.score)
        }
        candidates = Array(candidates.prefix(options.toRank).dropFirst(options.fromRank - 1))
        if let ratio = options.maximumScoreRatio {
            let found = ranking.first { positives.contains(Identifier($0.id)) }?.score
            if let score = found ?? positiveScore {
                candidates.removeAll { $0.score > ratio * score }
            }
        }
        var generator = SeededGenerator(seed: options.seed, purpose: 6, SeededGenerator.hash(query))
        var chosen: [Int] = []
        var passedOver = 0
        for place in generator.permutation(candidates.count) {
            if chosen.count == options.negatives { break }
            if try isPositive(candidates[place].id) {
                passedOver += 1
            } else {
                chosen.append(place)
            }
        }
        return (chosen.sorted().map { candidates[$0] }, passedOver)
    }
}
