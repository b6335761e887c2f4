/// The tokens of all texts, cut into sequences of at most the maximum length.
///
/// A text is BOS, its tokens, EOS; a longer one continues in the next sequence, which begins with
/// the last token of the one before, so that every token but the first is predicted once. The
/// tokens are in a file; memory holds two numbers a text.
struct PretrainSource: ExampleSource {
    private let data: TrainingData
    private let tokens: TokenFile
    private let maximumLength: Int
    /// For each text the number of sequences before it, then the number of all.
    private let starts: [Int]

    /// - Parameter maximumLength: 2 or more.
    init(data: TrainingData, tokens: TokenFile, maximumLength: Int) throws(TrainingError) {
        self.data = data
        self.tokens = tokens
        self.maximumLength = maximumLength
        var starts = [0]
        starts.reserveCapacity(data.count + 1)
        for row in 0..<data.count {
            // A sequence of L tokens predicts L - 1.
            let predicted = max(0, tokens.count(row) - 1)
            let sequences = (predicted + maximumLength - 2) / (maximumLength - 1)
            starts.append(starts[row] + sequences)
        }
        self.starts = starts
        guard count > 0 else { throw .noRows(path: data.path) }
    }

    var count: Int { starts[starts.count - 1] }
    func line(_ index: Int) -> Int { data.line(row(index)) }

    func example(_ index: Int) throws(TrainingError) -> PretrainLoss.Example {
        let row = row(index)
        let start = (index - starts[row]) * (maximumLength - 1)
        return PretrainLoss.Example(
            sequence: try tokens.tokens(
                row, start..<min(tokens.count(row), start + maximumLength)))
    }

    /// The text that a sequence belongs to: the last that begins no later.
    private func row(_ index: Int) -> Int {
        var (low, high) = (0, starts.count - 1)
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= index { low = middle } else { high = middle }
        }
        return low
    }
}
