import Evaluation
import Foundation
import Testing

/// Compared with the numbers of trec_eval and scipy, recorded by `Fixtures/make_fixtures.py`.
struct Goldens: Decodable {
    struct Case: Decodable {
        let qrels: [String: [String: Int]]
        let run: [String: [String: Double]]
        /// For each query the six measures, in the order of `keys`.
        let values: [String: [Double]]
    }

    struct Test: Decodable {
        let first: [Double]
        let second: [Double]
        let t: Double
        let p: Double
        let exact: Double?
    }

    struct Correlation: Decodable {
        let first: [Double]
        let second: [Double]
        let value: Double?
    }

    let keys: [String]
    let cases: [String: Case]
    let tests: [Test]
    let correlations: [Correlation]

    static func load() throws -> Goldens {
        let url = try #require(
            Bundle.module.url(forResource: "Fixtures/goldens", withExtension: "json"))
        return try JSONDecoder().decode(Goldens.self, from: Data(contentsOf: url))
    }
}

@Suite struct GoldenTests {
    @Test(
        "every measure of every query is trec_eval's, and so are the means over all judged queries")
    func measures() throws {
        let goldens = try Goldens.load()
        #expect([any Measure].standard.map(\.key) == goldens.keys)
        #expect(goldens.cases.count == 8)
        for (name, golden) in goldens.cases {
            let judgments = Judgments(
                Dictionary(
                    uniqueKeysWithValues: golden.qrels.map { query, grades in
                        (
                            Identifier(query),
                            Dictionary(
                                uniqueKeysWithValues: grades.map { (Identifier($0), $1) })
                        )
                    }))
            var run = Run()
            for (query, scores) in golden.run {
                run[Identifier(query)] = scores.map {
                    Run.Hit(document: Identifier($0), score: Float($1))
                }
            }
            let found = Measurements(of: run, against: judgments)
            #expect(found.queries.count == golden.qrels.count)
            for (place, query) in found.queries.enumerated() {
                let wanted = try #require(golden.values[query.text])
                for (measure, key) in goldens.keys.enumerated() {
                    #expect(
                        abs(found.values[measure][place] - wanted[measure]) < 1e-12,
                        "\(name), \(query), \(key)")
                }
            }
            for (measure, key) in goldens.keys.enumerated() {
                let sum = golden.values.values.reduce(0) { $0 + $1[measure] }
                #expect(
                    abs(found.means[measure] - sum / Double(golden.qrels.count)) < 1e-12,
                    "\(name), mean of \(key)")
            }
        }
    }

    @Test("the paired t-test is scipy's, the randomization test exact for few queries")
    func pairedTests() throws {
        for golden in try Goldens.load().tests {
            let found = PairedTest(first: golden.first, second: golden.second)
            #expect(abs(found.t - golden.t) < 1e-9 * max(1, abs(golden.t)))
            #expect(abs(found.tTestP - golden.p) <= 1e-9 * golden.p + 1e-15)
            if let exact = golden.exact {
                #expect(abs(found.randomizationP - exact) < 1e-12)
            } else {
                // By random sampling: close to the t-test's if the differences are normally
                // distributed.
                let deviation = 4 * (golden.p * (1 - golden.p) / 100_000).squareRoot() + 1e-5
                #expect(abs(found.randomizationP - golden.p) < deviation + 0.1 * golden.p)
            }
            #expect(found.better + found.equal + found.worse == golden.first.count)
        }
    }

    @Test("Spearman's correlation is scipy's, ties and undefined cases included")
    func spearman() throws {
        for golden in try Goldens.load().correlations {
            let found = Spearman.correlation(golden.first, golden.second)
            if let value = golden.value {
                #expect(abs(try #require(found) - value) < 1e-12)
            } else {
                #expect(found == nil)
            }
        }
        #expect(Spearman.correlation([1], [1]) == nil)
        #expect(Spearman.correlation([1, .nan], [1, 2]) == nil)
    }
}

@Suite struct PairedTestTests {
    @Test("the same seed draws the same p, equal runs are no different")
    func seeded() {
        let first = (0..<60).map { Double($0 % 7) / 7 }
        let second = (0..<60).map { Double($0 % 11) / 11 }
        let one = PairedTest(first: first, second: second, seed: 5)
        #expect(one == PairedTest(first: first, second: second, seed: 5))
        let other = PairedTest(first: first, second: second, seed: 6)
        #expect(one.randomizationP != other.randomizationP)
        #expect(abs(one.randomizationP - other.randomizationP) < 0.02)
        let same = PairedTest(first: first, second: first)
        #expect(same.tTestP == 1 && same.randomizationP == 1 && same.equal == 60)
    }

    @Test("swapping the runs turns the sign and nothing else")
    func symmetry() {
        let first = [0.1, 0.9, 0.4, 0.3, 0.8]
        let second = [0.2, 0.7, 0.9, 0.3, 0.9]
        let there = PairedTest(first: first, second: second)
        let back = PairedTest(first: second, second: first)
        #expect(there.t == -back.t && there.better == back.worse)
        #expect(abs(there.tTestP - back.tTestP) < 1e-15)
        #expect(there.randomizationP == back.randomizationP)
    }

    @Test("differences without spread: certain where they are not zero, one query says nothing")
    func noSpread() {
        let constant = PairedTest(first: [0, 0, 0], second: [1, 1, 1])
        #expect(constant.tTestP == 0 && constant.randomizationP == 0.25)
        #expect(PairedTest(first: [0], second: [1]).tTestP == 1)
    }
}
