import Evaluation
import Testing
import Training
import Tuning

/// The choice of hard negatives from a ranking.
struct MiningTests {
    /// d1 … d300, scores falling from 1.
    private let ranking = (1...300).map { (id: "d\($0)", score: 1 - Double($0) / 1000) }

    private func choose(
        _ options: MiningOptions, query: String = "q", positives: Set<String> = ["d1", "d40"]
    ) -> [HardNegatives.Candidate] {
        HardNegatives(options: options).choose(
            query: query, ranking: ranking, positives: Set(positives.map { Identifier($0) })
        ) { _ in false }.negatives
    }

    @Test func ranksAreCountedAfterThePositivesAreDropped() {
        var options = MiningOptions()
        options.negatives = 1000
        let all = choose(options)
        #expect(all.map(\.rank) == Array(30...210))
        // d1 is dropped before rank 30, d40 after it.
        #expect(all.first?.id == "d31")
        #expect(all.last?.id == "d212")
        #expect(!all.contains { $0.id == "d40" })
    }

    @Test func theDrawIsTheSeedsAndTheQuerys() {
        var options = MiningOptions()
        let first = choose(options)
        #expect(first.count == 7)
        #expect(Set(first.map(\.id)).count == 7)
        #expect(first.map(\.rank) == first.map(\.rank).sorted())
        #expect(choose(options) == first)
        #expect(choose(options, query: "r") != first)
        options.seed = 1
        #expect(choose(options) != first)
    }

    @Test func fewerCandidatesAreTakenAsTheyAre() {
        var options = MiningOptions()
        options.fromRank = 296
        options.toRank = 400
        #expect(choose(options).map(\.rank) == [296, 297, 298])
        options.fromRank = 299
        #expect(choose(options).isEmpty)
    }

    @Test func likelyFalseNegativesAreDroppedWhereAsked() {
        var options = MiningOptions()
        options.fromRank = 1
        options.negatives = 1000
        options.maximumScoreRatio = 0.9
        // The best positive, d1, scores 0.999; what is above 0.8991 goes.
        #expect(choose(options).first?.id == "d101")
        // A positive beyond the ranking counts with its own score.
        func first(_ score: Double) -> String? {
            HardNegatives(options: options).choose(
                query: "q", ranking: ranking, positives: ["elsewhere"], positiveScore: score
            ) { _ in false }.negatives.first?.id
        }
        #expect(first(0.9005) == "d190")
        #expect(first(0.5) == nil)
    }

    @Test func copiesOfAPositiveArePassedOver() {
        var options = MiningOptions()
        (options.fromRank, options.toRank, options.negatives) = (1, 10, 7)
        let copies: Set<String> = ["d3", "d4", "d5", "d6"]
        let (negatives, passedOver) = HardNegatives(options: options).choose(
            query: "q", ranking: ranking, positives: ["d1"]
        ) { copies.contains($0) }
        // Of d2 to d11 six are left.
        #expect(negatives.map(\.id) == ["d2", "d7", "d8", "d9", "d10", "d11"])
        #expect(passedOver == 4)
        // Without any the draw is what it was.
        options.toRank = 200
        let drawn = HardNegatives(options: options).choose(
            query: "q", ranking: ranking, positives: ["d1"]
        ) { _ in false }
        #expect(drawn.passedOver == 0 && drawn.negatives == choose(options, positives: ["d1"]))
    }
}
