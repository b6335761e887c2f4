import Evaluation
import RandomNumbers
import Training

/// Chooses the negatives among the ranked documents of one query.
///
/// The choice depends on the ranking, the options and the query's id alone, not on other queries or
/// threads.
package struct HardNegatives {
    /// A document with its rank, positives not counted.
    package struct Candidate: Equatable {
        package let id: String
        package let rank: Int
        package let score: Double
    }

    let options: MiningOptions

    package init(options: MiningOptions) { self.options = options }

    /// 1. Remove the known positives. 2. Keep the requested ranks. 3. Remove likely false
    ///    negatives, if requested. 4. Draw at random without replacement, skipping documents for
    ///    which `isPositive` returns true.
    ///
    /// - Parameters:
    ///   - ranking: best first, including the positives.
    ///   - positiveScore: the best positive's score, used if the ranking contains no positive.
    ///   - isPositive: whether a document has the same text as a positive, under another id.
    /// - Returns: the negatives, ascending by rank, fewer than requested if there are not enough;
    ///   and the number of documents skipped.
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
