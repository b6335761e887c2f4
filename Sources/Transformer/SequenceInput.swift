/// What a sequence enters the model as: token ids, preceded by embeddings of their own (the
/// compressed text that a decoder is given).
package struct SequenceInput: Sendable, Equatable {
    /// [rows, hidden]; takes the place of the embeddings at the first positions.
    package var prefix: [Float]
    package var prefixRows: Int
    package var tokens: [Int32]

    package init(tokens: [Int32]) { self.init(prefix: [], rows: 0, tokens: tokens) }

    package init(prefix: [Float], rows: Int, tokens: [Int32]) {
        (self.prefix, self.prefixRows, self.tokens) = (prefix, rows, tokens)
    }

    package var length: Int { prefixRows + tokens.count }
}

/// Of which rows the final states are wanted. The last layer computes only those.
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

/// Sequences put together for one worker.
enum BatchPlan {
    /// Rows after which a batch is closed: enough that converting weights costs a percent or two,
    /// few enough that activations stay in the cache.
    static let mostRows = 512

    /// Sorts by length, longest first, and fills batches; with several threads the work is split so
    /// that each has some. Every sequence appears once; the order within batches is arbitrary,
    /// because no sequence's result depends on its neighbours.
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
