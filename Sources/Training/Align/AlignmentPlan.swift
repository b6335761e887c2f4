/// The computations that the alignment loss needs for one row: which texts are encoded under which
/// instruction, and which targets are scored under which encoding.
///
/// Encodings: e_q = e(q, I_next), e_+ = e(d+, I_self), and depending on the strategy e(q, I_self),
/// e(d+, I_prev), e(d-_i, I_prev), e(d-_i, I_self).
struct AlignmentPlan: Sendable, Equatable {
    enum Text: Hashable, Sendable {
        case query
        case positive
        case negative(Int)
    }

    enum Instruction: Hashable, Sendable { case next, own, previous }

    struct Encoding: Hashable, Sendable {
        let text: Text
        let instruction: Instruction
    }

    /// log p(target | encoding).
    struct Score: Hashable, Sendable {
        let target: Text
        let encoding: Encoding
    }

    let encodings: [Encoding]
    let scores: [Score]
    let negatives: Int

    static let query = Encoding(text: .query, instruction: .next)
    static let positive = Encoding(text: .positive, instruction: .own)
    static func negative(_ index: Int) -> Encoding {
        Encoding(text: .negative(index), instruction: .own)
    }

    init(negatives: Int, strategy: AlignmentStrategy, isDivergence: Bool) {
        self.negatives = negatives
        var scores: [Score] = []
        func add(_ target: Text, _ encoding: Encoding) {
            let score = Score(target: target, encoding: encoding)
            if !scores.contains(score) { scores.append(score) }
        }
        let all = 0..<negatives
        if isDivergence {
            add(.positive, Self.query)
            add(.positive, Self.positive)
            for index in all { add(.positive, Self.negative(index)) }
        } else {
            if strategy != .queryGivenDocument {
                add(.positive, Self.query)
                add(.positive, Self.positive)
                for index in all { add(.negative(index), Self.query) }
            }
            if strategy == .queryGivenDocument || strategy == .bothDirections {
                add(.query, Encoding(text: .query, instruction: .own))
                add(.query, Encoding(text: .positive, instruction: .previous))
                for index in all {
                    add(.query, Encoding(text: .negative(index), instruction: .previous))
                }
            }
            if strategy == .negativeGivenPositive {
                for index in all { add(.negative(index), Self.positive) }
            }
            if strategy == .positiveGivenNegative {
                for index in all {
                    add(.negative(index), Self.negative(index))
                    add(.positive, Self.negative(index))
                }
            }
        }
        self.scores = scores
        var encodings: [Encoding] = []
        for score in scores where !encodings.contains(score.encoding) {
            encodings.append(score.encoding)
        }
        self.encodings = encodings
    }

    func encodingIndex(_ encoding: Encoding) -> Int { encodings.firstIndex(of: encoding) ?? 0 }

    func index(_ target: Text, _ encoding: Encoding) -> Int {
        guard let index = scores.firstIndex(of: Score(target: target, encoding: encoding)) else {
            preconditionFailure("the plan lacks a score that its strategy asks for")
        }
        return index
    }
}
