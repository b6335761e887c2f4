import Evaluation
import TextBytes
import VectorDatabase

/// The settings that a fit tries, all combinations of a k1, a b and a weight of vectors, and nDCG@10 of
/// each question with each.
struct SearchGrid {
    /// A judged question.
    struct Question: Sendable {
        let id: String
        let text: String
        let grades: [Identifier: Int]
    }

    /// Steps of about a quarter around the program's own values.
    static let k1 = [0.4, 0.6, 0.8, 1, 1.25, 1.6, 2, 2.5]
    static let b = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
    static let weights = [
        0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1, 1.3, 1.7, 2.2, 3, 4, 6, 10,
    ]

    /// Settings by index: k1 outermost, weights innermost.
    static let settings = k1.flatMap { k1 in
        b.flatMap { b in weights.map { SearchSettings(k1: k1, b: b, denseWeight: $0) } }
    }

    /// What the questions are measured with before anything is fitted.
    let current: SearchSettings
    /// nDCG@10 of hybrid search by the current settings: `[Q]`.
    private(set) var before: [Double] = []
    /// nDCG@10 by settings and question: `[settings, Q]`.
    private(set) var values: [[Double]] = []

    /// Measures all settings: the questions are searched once by vector, and by words with each k1
    /// and b.
    ///
    /// - Parameter progress: called with the number of searches by words so far and in total.
    init(
        _ questions: [Question], in collection: DocumentCollection, current: SearchSettings,
        progress: (_ done: Int, _ total: Int) -> Void
    ) async throws {
        self.current = current
        let dense = try await Self.lists(questions, .dense, nil, in: collection)
        let total = 1 + Self.k1.count * Self.b.count
        func measure(k1: Double, b: Double, weights: [Double]) async throws -> [[Double]] {
            let settings = SearchSettings(k1: k1, b: b)
            let lexical = try await Self.lists(questions, .lexical, settings, in: collection)
            let joined = zip(questions, zip(dense, lexical)).map {
                JoinedLists($0, dense: $1.0, lexical: $1.1)
            }
            return weights.map { weight in joined.map { $0.ndcg(denseWeight: weight) } }
        }
        before = try await measure(
            k1: current.k1, b: current.b, weights: [current.denseWeight ?? 0])[0]
        var done = 1
        for k1 in Self.k1 {
            for b in Self.b {
                progress(done, total)
                values += try await measure(k1: k1, b: b, weights: Self.weights)
                done += 1
            }
        }
        progress(total, total)
    }

    /// The list of each question that hybrid search joins, best first.
    private static func lists(
        _ questions: [Question], _ mode: QueryMode, _ settings: SearchSettings?,
        in collection: DocumentCollection
    ) async throws -> [[Run.Hit]] {
        let run = try await RetrievalExperiment(
            questions.map { .init(id: Identifier($0.id), text: $0.text) }, mode: mode,
            isExact: true, search: settings, depth: Fusion.depth(limit: 10), name: mode.rawValue
        ).run(in: collection)
        return questions.map { run[Identifier($0.id)] }
    }

    /// What is fitted.
    enum Freedom: CaseIterable {
        /// The weight of vectors alone, with the k1 and b nearest to the current: one number, which few
        /// questions can tell.
        case weight
        /// All three.
        case all
    }

    /// The settings among which a fit chooses.
    private func places(_ freedom: Freedom) -> [Int] {
        func nearest(_ values: [Double], _ value: Double) -> Double? {
            values.min { abs($0 - value) < abs($1 - value) }
        }
        let (k1, b) = (nearest(Self.k1, current.k1), nearest(Self.b, current.b))
        let settings = Self.settings
        return settings.indices.filter {
            freedom == .all || settings[$0].k1 == k1 && settings[$0].b == b
        }
    }

    /// The best settings on some questions; nil if none is better than the current.
    ///
    /// Of each settings' mean those of its neighbors in the grid are averaged, too, so that a single
    /// lucky point does not win.
    func best(on questions: [Int], _ freedom: Freedom) -> Int? {
        func mean(_ values: [Double]) -> Double {
            questions.reduce(0) { $0 + values[$1] } / Double(max(1, questions.count))
        }
        let means = values.map(mean)
        let smooth = Self.smoothed(means)
        let bar = mean(before)
        var best: Int?
        for place in places(freedom) where means[place] > bar {
            if best.map({ smooth[place] > smooth[$0] }) ?? true { best = place }
        }
        return best
    }

    /// The mean of each point and its neighbors, up to 27 points.
    private static func smoothed(_ values: [Double]) -> [Double] {
        let sizes = [k1.count, b.count, weights.count]
        func near(_ place: Int, _ size: Int) -> ClosedRange<Int> {
            max(0, place - 1)...min(size - 1, place + 1)
        }
        return values.indices.map { place in
            let weight = place % sizes[2]
            let b = place / sizes[2] % sizes[1]
            let k1 = place / sizes[2] / sizes[1]
            var sum = 0.0
            var count = 0
            for x in near(k1, sizes[0]) {
                for y in near(b, sizes[1]) {
                    for z in near(weight, sizes[2]) {
                        sum += values[(x * sizes[1] + y) * sizes[2] + z]
                        count += 1
                    }
                }
            }
            return sum / Double(count)
        }
    }
}

/// A question's two lists, joined as hybrid search does, before the weight of vectors.
private struct JoinedLists {
    private let grades: [Identifier: Int]
    /// What the lists give each document, in the order of ids, which decides between equal scores.
    private let parts: [(id: Identifier, dense: Double, lexical: Double)]

    init(_ question: SearchGrid.Question, dense: [Run.Hit], lexical: [Run.Hit]) {
        grades = question.grades
        let list = { (hits: [Run.Hit]) in hits.map { (id: $0.document, score: Double($0.score)) } }
        parts = Fusion(.scores, denseWeight: 1, lexicalWeight: 1)
            .fuse(dense: list(dense), lexical: list(lexical))
            .map { ($0.id, $0.parts.dense, $0.parts.lexical) }
            .sorted { $0.id < $1.id }
    }

    func ndcg(denseWeight: Double) -> Double {
        var best: [(place: Int, score: Double)] = []
        for (place, part) in parts.enumerated() {
            let score = denseWeight * part.dense + part.lexical
            if best.count == 10, score <= best[9].score { continue }
            // After those of the same score, whose ids come first.
            let target = best.firstIndex { $0.score < score } ?? best.count
            best.insert((place, score), at: target)
            if best.count > 10 { best.removeLast() }
        }
        return NDCG(10).value(
            of: JudgedRanking(ranking: best.map { parts[$0.place].id }, judgments: grades))
    }
}
