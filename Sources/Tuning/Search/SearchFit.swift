import Evaluation
import RandomNumbers
import VectorDatabase

/// Fits how a collection is searched, BM25's k1 and b and the weight of vectors in hybrid search, to
/// judged questions. It takes seconds and trains nothing.
///
/// 1. Ten-fold cross-validation measures what fitting gains on questions that were not fitted to: the
///    weight alone, and all three. The one that gains more is taken.
/// 2. Only a gain beyond chance is adopted: less than 2.5 % of the bootstrap's resamples have none (5 %
///    over the two that were tried).
/// 3. The settings are then fitted to all questions.
struct SearchFit: Codable, Equatable {
    /// Settings, in a form for the journal.
    struct Settings: Codable, Equatable {
        let k1: Double
        let b: Double
        let weight: Double

        init(_ settings: SearchSettings) {
            (k1, b, weight) = (settings.k1, settings.b, settings.denseWeight ?? 0)
        }
    }

    /// Fingerprint of the model whose vectors were searched.
    let model: String
    let current: Settings
    /// Those that fit all training questions best; the current ones if none is better.
    let fitted: Settings
    /// The mean gain in nDCG@10 on the folds that were left out, and its 95 % interval.
    let gain: Double
    let lower: Double
    let upper: Double
    let isAdopted: Bool
    /// nDCG@10 of each held-out question with the current and the fitted settings.
    let before: [Double]
    let after: [Double]
    let questions: Int
    let seconds: Double

    static let folds = 10
    /// The greatest share of resamples without a gain.
    static let significance = 0.05 / Double(SearchGrid.Freedom.allCases.count)

    /// - Parameters:
    ///   - training: questions to fit to.
    ///   - heldOut: questions that are only measured.
    ///   - model: fingerprint of the collection's model.
    init(
        training: [SearchGrid.Question], heldOut: [SearchGrid.Question],
        in collection: DocumentCollection, current: SearchSettings, model: String, seed: UInt64,
        progress: (_ done: Int, _ total: Int) -> Void
    ) async throws {
        let began = ContinuousClock.now
        let grid = try await SearchGrid(
            training + heldOut, in: collection, current: current, progress: progress)
        let all = Array(training.indices)
        let folds = Self.folds(of: training, seed: seed)
        let tried = SearchGrid.Freedom.allCases.map { freedom in
            var differences: [Double] = []
            for fold in Set(folds).sorted() {
                let best = grid.best(on: all.filter { folds[$0] != fold }, freedom)
                for question in all where folds[question] == fold {
                    let value = best.map { grid.values[$0][question] } ?? grid.before[question]
                    differences.append(value - grid.before[question])
                }
            }
            return (freedom, BootstrapInterval(differences: differences, seed: seed))
        }
        // The first of equals, which is the simpler.
        let (freedom, interval) = tried.reduce(tried[0]) { $1.1.mean > $0.1.mean ? $1 : $0 }
        let best = grid.best(on: all, freedom)
        let rest = training.count..<training.count + heldOut.count
        self.model = model
        self.current = Settings(current)
        fitted = best.map { Settings(SearchGrid.settings[$0]) } ?? Settings(current)
        (gain, lower, upper) = (interval.mean, interval.lower, interval.upper)
        isAdopted = best != nil && interval.shareWithoutGain < Self.significance
        before = Array(grid.before[rest])
        after = best.map { Array(grid.values[$0][rest]) } ?? before
        questions = training.count
        seconds = (ContinuousClock.now - began) / .seconds(1)
    }

    /// The fold of each question. Questions of the same text are in the same one.
    private static func folds(of questions: [SearchGrid.Question], seed: UInt64) -> [Int] {
        var groups: [String: Int] = [:]
        let group = questions.map { question in
            let key = QuerySplit.key(question.text)
            let place = groups[key] ?? groups.count
            groups[key] = place
            return place
        }
        var generator = SeededGenerator(seed: seed, purpose: 9)
        let order = generator.permutation(groups.count)
        return group.map { order[$0] % folds }
    }

    /// What the collection is searched with from now on.
    var settings: SearchSettings {
        SearchSettings(
            k1: fitted.k1, b: fitted.b, denseWeight: fitted.weight, modelFingerprint: model)
    }
}
