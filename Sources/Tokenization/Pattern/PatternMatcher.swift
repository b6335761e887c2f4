/// Finds matches of a `PatternProgram`, by backtracking.
///
/// Invariants:
/// 1. The leftmost match is found, and of these the one that the pattern prefers, as in Oniguruma
///    and Perl.
/// 2. The time for one match is bounded. Failure at (instruction, position) does not depend on the
///    path to it, since there are no references to groups. After more steps than a reasonable
///    pattern needs, a search therefore restarts with memoization and never visits a state twice.
/// 3. The text is well-formed UTF-8; positions are always at a scalar's first byte.
struct PatternMatcher {
    private let program: PatternProgram
    private let bytes: UnsafePointer<UInt8>
    private let count: Int
    private let classes: ScalarClasses
    private var stack: [Frame] = []

    /// Steps left before the search switches to memoization; nil afterwards.
    private var budget: Int?
    private var visited: Set<Int> = []
    /// The ends of look-aheads and atomic groups (-1 for no match) by (instruction, position).
    private var bodies: [Int: Int] = [:]

    private static let stepsBeforeRemembering = 20_000

    /// An alternative to resume from on failure.
    private struct Frame {
        enum Kind { case plain, shorter, longer }
        let kind: Kind
        let instruction: Int
        let position: Int
        /// For `shorter`, the position down to which the run may be shortened; for `longer`, the
        /// number of further scalars that it may take.
        let limit: Int
    }

    init(
        _ program: PatternProgram, _ text: UnsafeBufferPointer<UInt8>, _ classes: ScalarClasses,
        empty: UnsafePointer<UInt8>
    ) {
        self.program = program
        bytes = text.baseAddress ?? empty
        count = text.count
        self.classes = classes
    }

    /// The first match that starts at or after `from`.
    mutating func firstMatch(from: Int) -> Range<Int>? {
        visited.removeAll(keepingCapacity: true)
        bodies.removeAll(keepingCapacity: true)
        budget = program.hasEmptyLoop ? nil : Self.stepsBeforeRemembering
        var start = from
        while start <= count {
            switch attempt(0, start) {
            case .matched(let end): return start..<end
            case .outOfBudget:
                budget = nil
                continue
            case .failed: break
            }
            start += start < count ? UTF8Text.length(lead: bytes[start]) : 1
        }
        return nil
    }

    private enum Outcome {
        case matched(Int)
        case failed
        case outOfBudget
    }

    private func key(_ instruction: Int, _ position: Int) -> Int {
        position * program.instructions.count + instruction
    }

    private mutating func attempt(_ first: Int, _ start: Int) -> Outcome {
        let floor = stack.count
        defer { stack.removeLast(stack.count - floor) }
        var instruction = first
        var position = start
        while true {
            var failed = false
            if budget == nil {
                failed = !visited.insert(key(instruction, position)).inserted
            } else {
                budget! -= 1
                if budget! <= 0 { return .outOfBudget }
            }
            if !failed {
                switch program.instructions[instruction] {
                case .match: return .matched(position)
                case .one(let set):
                    let length = position < count ? set.match(bytes, at: position, classes) : 0
                    position += length
                    instruction += 1
                    failed = length == 0
                case .run(let set, let repetition):
                    failed = !run(set, repetition, instruction, &position)
                    instruction += 1
                case .branch(let preferred, let other):
                    push(.plain, other, position, 0)
                    instruction = preferred
                case .jump(let target): instruction = target
                case .look(let negated, let next):
                    switch body(instruction, position) {
                    case .outOfBudget: return .outOfBudget
                    case .matched: failed = negated
                    case .failed: failed = !negated
                    }
                    instruction = next
                case .atomic(let next):
                    switch body(instruction, position) {
                    case .outOfBudget: return .outOfBudget
                    case .matched(let end): position = end
                    case .failed: failed = true
                    }
                    instruction = next
                case .lookBehind(let set, let negated):
                    let before =
                        position > 0
                        && set.match(
                            bytes, at: UTF8Text.start(before: position, in: bytes), classes) > 0
                    failed = before == negated
                    instruction += 1
                case .assertion(let assertion):
                    failed = !holds(assertion, at: position)
                    instruction += 1
                }
            }
            if failed {
                repeat {
                    guard stack.count > floor else { return .failed }
                } while !resume(&instruction, &position)
            }
        }
    }

    private mutating func push(
        _ kind: Frame.Kind, _ instruction: Int, _ position: Int, _ limit: Int
    ) {
        stack.append(
            Frame(kind: kind, instruction: instruction, position: position, limit: limit))
    }

    /// Resumes from the last alternative. Returns false if it does not match.
    private mutating func resume(_ instruction: inout Int, _ position: inout Int) -> Bool {
        let frame = stack.removeLast()
        switch frame.kind {
        case .plain:
            (instruction, position) = (frame.instruction, frame.position)
        case .shorter:
            // The run gives up one scalar, and what follows it is tried again.
            position = UTF8Text.start(before: frame.position, in: bytes)
            instruction = frame.instruction + 1
            if position > frame.limit { push(.shorter, frame.instruction, position, frame.limit) }
        case .longer:
            guard case .run(let set, _) = program.instructions[frame.instruction],
                frame.position < count
            else { return false }
            let length = set.match(bytes, at: frame.position, classes)
            guard length > 0 else { return false }
            position = frame.position + length
            instruction = frame.instruction + 1
            if frame.limit > 1 { push(.longer, frame.instruction, position, frame.limit - 1) }
        }
        return true
    }

    /// Consumes a run of `set` and records how it may be shortened or lengthened.
    @inline(__always)
    private mutating func run(
        _ set: CharacterClass, _ repetition: PatternNode.Repetition, _ instruction: Int,
        _ position: inout Int
    ) -> Bool {
        let maximum = repetition.maximum ?? Int.max
        let wanted = repetition.mode == .lazy ? repetition.minimum : maximum
        var taken = 0
        var floor = position
        while taken < wanted, position < count {
            let length = set.match(bytes, at: position, classes)
            if length == 0 { break }
            position += length
            taken += 1
            if taken == repetition.minimum { floor = position }
        }
        if let left = budget { budget = left - taken / 8 }
        guard taken >= repetition.minimum else { return false }
        switch repetition.mode {
        case .possessive: break
        case .greedy:
            if position > floor { push(.shorter, instruction, position, floor) }
        case .lazy:
            if maximum > taken { push(.longer, instruction, position, maximum - taken) }
        }
        return true
    }

    /// Matches the body of a look-ahead or atomic group at `instruction` separately.
    private mutating func body(_ instruction: Int, _ position: Int) -> Outcome {
        guard budget == nil else { return attempt(instruction + 1, position) }
        let key = key(instruction, position)
        if let end = bodies[key] { return end < 0 ? .failed : .matched(end) }
        let outer = visited
        visited = []
        let outcome = attempt(instruction + 1, position)
        visited = outer
        if case .matched(let end) = outcome { bodies[key] = end } else { bodies[key] = -1 }
        return outcome
    }

    private func holds(_ assertion: PatternNode.Assertion, at position: Int) -> Bool {
        switch assertion {
        case .startOfText: return position == 0
        case .endOfText: return position == count
        case .endOfTextBeforeNewline:
            return position == count || (position == count - 1 && bytes[position] == 0x0A)
        case .startOfLine:
            return position == 0 || (bytes[position - 1] == 0x0A && position < count)
        case .endOfLine: return position == count || bytes[position] == 0x0A
        case .wordBoundary, .notWordBoundary:
            let before =
                position > 0
                && classes.isWord(
                    UTF8Text.decode(bytes, at: UTF8Text.start(before: position, in: bytes)).scalar)
            let after =
                position < count && classes.isWord(UTF8Text.decode(bytes, at: position).scalar)
            return (before != after) == (assertion == .wordBoundary)
        }
    }
}
