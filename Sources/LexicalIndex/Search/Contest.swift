import HeapModule

/// Keeps the best passages during a search.
///
/// Passages come with a single-precision score, which is within `slack` of the exact one, and are
/// scored exactly at the end of their segment. Two invariants make the result exact:
/// 1. A passage is rejected only if its approximate score is so far below the k-th best that its
/// exact score must be, too.
/// 2. Which passages win, and in which order, is decided by exact scores, then keys.
struct Contest {
    /// A generous bound on the relative error of a single-precision sum of 64 products.
    static let slack: Float = 2e-5

    let limit: Int
    /// The best `limit` approximate scores.
    private var best = Heap<Float>()
    /// An approximate score that at least `limit` passages are known to reach.
    private var floor: Float = 0
    /// Approximate scores from here on may win.
    private(set) var threshold: Float = 0
    private var matches: [ScoredKey] = []

    init(limit: Int) { self.limit = limit }

    /// Records an approximate score that is not below the threshold.
    mutating func note(_ score: Float) {
        if best.count < limit {
            best.insert(score)
            guard best.count == limit else { return }
        } else {
            guard let lowest = best.min, score > lowest else { return }
            best.replaceMin(with: score)
        }
        threshold = max(floor, best.min ?? 0) * (1 - 4 * Self.slack)
    }

    /// Records that at least `limit` passages score `floor` or more.
    mutating func raise(to floor: Float) {
        self.floor = max(self.floor, floor)
        threshold = max(threshold, self.floor * (1 - 4 * Self.slack))
    }

    mutating func add(_ match: ScoredKey) { matches.append(match) }

    var winners: [ScoredKey] {
        var sorted = matches.sorted(by: ScoredKey.precedes)
        if sorted.count > limit { sorted.removeLast(sorted.count - limit) }
        return sorted
    }
}
