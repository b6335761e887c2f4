/// A regular expression compiled for `PatternMatcher`.
struct PatternProgram: Sendable, Equatable {
    enum Instruction: Sendable, Equatable {
        case match
        case one(CharacterClass)
        /// A run of one class, the most common instruction in tokenizers' patterns.
        case run(CharacterClass, PatternNode.Repetition)
        /// Continues at the first target; on failure, at the second.
        case branch(Int, Int)
        case jump(Int)
        /// A separate body, which ends with `match`, follows; then execution continues at `next`.
        case look(negated: Bool, next: Int)
        case atomic(next: Int)
        case lookBehind(CharacterClass, negated: Bool)
        case assertion(PatternNode.Assertion)
    }

    let source: String
    let instructions: [Instruction]
    /// Whether the body of a loop may match the empty string, so that only memoization ends the
    /// loop.
    let hasEmptyLoop: Bool

    /// The most instructions, which limits nested `{n}`.
    static let largest = 8_192

    init(_ source: String) throws(TokenizerError) {
        var compiler = Compiler(source: source)
        try compiler.emit(try PatternParser.parse(source))
        try compiler.append(.match)
        self.source = source
        instructions = compiler.instructions
        hasEmptyLoop = compiler.hasEmptyLoop
    }

    /// A program that finds `text` itself.
    init(literal text: String) throws(TokenizerError) {
        guard text.utf8.count < Self.largest else {
            throw .badPattern(String(text.prefix(20)), offset: 0, problem: "too long")
        }
        source = text
        instructions =
            text.unicodeScalars.map { .one(CharacterClass(.scalar($0.value))) } + [.match]
        hasEmptyLoop = false
    }

    private struct Compiler {
        let source: String
        var instructions: [Instruction] = []
        var hasEmptyLoop = false

        mutating func append(_ instruction: Instruction) throws(TokenizerError) {
            guard instructions.count < PatternProgram.largest else {
                throw .badPattern(
                    source, offset: 0, problem: "too large once repetitions are counted")
            }
            instructions.append(instruction)
        }

        mutating func emit(_ node: PatternNode) throws(TokenizerError) {
            switch node {
            case .empty: break
            case .one(let set): try append(.one(set))
            case .sequence(let parts):
                for part in parts { try emit(part) }
            case .alternatives(let branches): try emit(alternatives: branches)
            case .repetition(.one(let set), let repetition): try append(.run(set, repetition))
            case .repetition(let inner, let repetition):
                if repetition.mode == .possessive {
                    var greedy = repetition
                    greedy.mode = .greedy
                    try emit(.atomic(.repetition(inner, greedy)))
                } else {
                    try emit(inner, repetition)
                }
            case .look(let inner, let negated):
                let at = instructions.count
                try append(.look(negated: negated, next: 0))
                try emit(inner)
                try append(.match)
                instructions[at] = .look(negated: negated, next: instructions.count)
            case .atomic(let inner):
                let at = instructions.count
                try append(.atomic(next: 0))
                try emit(inner)
                try append(.match)
                instructions[at] = .atomic(next: instructions.count)
            case .lookBehind(let set, let negated):
                try append(.lookBehind(set, negated: negated))
            case .assertion(let assertion): try append(.assertion(assertion))
            }
        }

        private mutating func emit(alternatives: [PatternNode]) throws(TokenizerError) {
            var jumps: [Int] = []
            for (index, alternative) in alternatives.enumerated() {
                let last = index == alternatives.count - 1
                let branch = instructions.count
                if !last { try append(.branch(branch + 1, 0)) }
                try emit(alternative)
                if !last {
                    jumps.append(instructions.count)
                    try append(.jump(0))
                    instructions[branch] = .branch(branch + 1, instructions.count)
                }
            }
            for jump in jumps { instructions[jump] = .jump(instructions.count) }
        }

        private mutating func emit(_ inner: PatternNode, _ repetition: PatternNode.Repetition)
            throws(TokenizerError)
        {
            let lazy = repetition.mode == .lazy
            for _ in 0..<repetition.minimum { try emit(inner) }
            guard let maximum = repetition.maximum else {
                if inner.matchesEmpty { hasEmptyLoop = true }
                let loop = instructions.count
                try append(.branch(0, 0))
                try emit(inner)
                try append(.jump(loop))
                let after = instructions.count
                instructions[loop] = lazy ? .branch(after, loop + 1) : .branch(loop + 1, after)
                return
            }
            var branches: [Int] = []
            for _ in repetition.minimum..<max(repetition.minimum, maximum) {
                branches.append(instructions.count)
                try append(.branch(0, 0))
                try emit(inner)
            }
            let after = instructions.count
            for branch in branches {
                instructions[branch] =
                    lazy ? .branch(after, branch + 1) : .branch(branch + 1, after)
            }
        }
    }
}
