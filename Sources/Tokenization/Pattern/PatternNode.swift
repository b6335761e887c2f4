/// A regular expression as a tree.
indirect enum PatternNode: Sendable, Equatable {
    case empty
    case one(CharacterClass)
    case sequence([PatternNode])
    /// Tried in order.
    case alternatives([PatternNode])
    case repetition(PatternNode, Repetition)
    case look(PatternNode, negated: Bool)
    /// One scalar before the position.
    case lookBehind(CharacterClass, negated: Bool)
    /// Once it has matched, it is not entered again.
    case atomic(PatternNode)
    case assertion(Assertion)

    struct Repetition: Sendable, Equatable {
        var minimum: Int
        /// nil: without end.
        var maximum: Int?
        var mode: Mode

        enum Mode: Sendable, Equatable { case greedy, lazy, possessive }
    }

    enum Assertion: Sendable, Equatable {
        case startOfText, endOfText, endOfTextBeforeNewline
        case startOfLine, endOfLine
        case wordBoundary, notWordBoundary
    }

    /// Whether it can match without consuming anything.
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
