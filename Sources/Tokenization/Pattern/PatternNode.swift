/// The syntax tree of a regular expression.
indirect enum PatternNode: Sendable, Equatable {
    case empty
    case one(CharacterClass)
    case sequence([PatternNode])
    /// Alternatives, tried in order.
    case alternatives([PatternNode])
    case repetition(PatternNode, Repetition)
    case look(PatternNode, negated: Bool)
    /// Tests the scalar before the position.
    case lookBehind(CharacterClass, negated: Bool)
    /// An atomic group: no backtracking into it after it has matched.
    case atomic(PatternNode)
    case assertion(Assertion)

    struct Repetition: Sendable, Equatable {
        var minimum: Int
        /// Nil means no maximum.
        var maximum: Int?
        var mode: Mode

        enum Mode: Sendable, Equatable { case greedy, lazy, possessive }
    }

    enum Assertion: Sendable, Equatable {
        case startOfText, endOfText, endOfTextBeforeNewline
        case startOfLine, endOfLine
        case wordBoundary, notWordBoundary
    }

    /// Whether it can match the empty string.
    var matchesEmpty: Bool {
        switch self {
        case .empty, .look, .lookBehind, .assertion: true
        case .one: false
        case .sequence(let parts): parts.allSatisfy(\.matchesEmpty)
        case .alternatives(let parts): parts.contains(where: \.matchesEmpty)
        case .repetition(let inner, let repetition):
            repetition.minimum == 0 || inner.matchesEmpty
        case .atomic(let inner): inner.matchesEmpty
        }
    }
}
