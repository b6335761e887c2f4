/// The input of a sequence: token ids, optionally preceded by embeddings (the compressed text that
/// a decoder is given).
package struct SequenceInput: Sendable, Equatable {
    /// `[prefixRows, H]`; the embeddings at the first positions.
    package var prefix: [Float]
    package var prefixRows: Int
    package var tokens: [Int32]

    package init(tokens: [Int32]) { self.init(prefix: [], rows: 0, tokens: tokens) }

    package init(prefix: [Float], rows: Int, tokens: [Int32]) {
        (self.prefix, self.prefixRows, self.tokens) = (prefix, rows, tokens)
    }

    package var length: Int { prefixRows + tokens.count }
}

/// The rows whose final states are needed. The last layer computes only these.
package enum RowSelection: Sendable, Equatable {
    case all
    /// The last n rows of each sequence, or all of a shorter one.
    case last(Int)

    package func count(ofLength length: Int) -> Int {
        switch self {
        case .all: length
        case .last(let n): min(n, length)
        }
    }
}

/// Groups sequences into packed batches.
enum BatchPlan {
    /// The most rows of a batch: enough that converting weights costs only a percent or two, few
    /// enough that activations stay in the cache.
    static let mostRows = 512

    /// Sorts sequences by length, longest first, and fills batches; with several threads, batches
    /// are small enough that each thread has some. Every sequence appears once; the order in
    /// batches is arbitrary, because results do not depend on it.
    static func batches(lengths: [Int], threads: Int) -> [[Int]] {
        let total = lengths.reduce(0, +)
        let share = (total + threads - 1) / max(1, threads)
        let limit = min(mostRows, max(share, 32))
        var batches: [[Int]] = []
        var current: [Int] = []
        var rows = 0
        for index in lengths.indices.sorted(by: { (lengths[$0], $1) > (lengths[$1], $0) }) {
            if !current.isEmpty, rows + lengths[index] > limit {
                batches.append(current)
                (current, rows) = ([], 0)
            }
            current.append(index)
            rows += lengths[index]
        }
        if !current.isEmpty { batches.append(current) }
        return batches
    }
}
