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
