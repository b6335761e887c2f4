/// Parses the regular expressions of tokenizers in Oniguruma's Ruby syntax, which Hugging Face's
/// library uses: `^` and `$` match at lines, `(?m)` lets `.` match a newline, and `{n,m}+` is a
/// repetition of a repetition.
///
/// Not supported, and rejected with an error: references to groups, recursion, conditions, absent
/// operators, look-behind of more than one scalar.
struct PatternParser {
    private let source: String
    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var depth = 0
    private var options = Options()

    struct Options {
        var ignoreCase = false
        var dotMatchesNewline = false
        var extended = false
    }

    static let deepestNesting = 64
    static let largestCount = 1_000

    static func parse(_ source: String) throws(TokenizerError) -> PatternNode {
        var parser = PatternParser(source)
        let node = try parser.alternatives()
        guard parser.position == parser.scalars.count else { throw parser.error("unmatched ')'") }
        return node
    }

    private init(_ source: String) {
        self.source = source
        scalars = Array(source.unicodeScalars)
    }

    private func error(_ problem: String) -> TokenizerError {
        .badPattern(source, offset: position, problem: problem)
    }

    private var next: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    private func looking(at text: String) -> Bool {
        let wanted = text.unicodeScalars
        guard position + wanted.count <= scalars.count else { return false }
        return zip(scalars[position...], wanted).allSatisfy(==)
    }

    private mutating func take(_ text: String) -> Bool {
        guard looking(at: text) else { return false }
        position += text.unicodeScalars.count
        return true
    }

    // MARK: Structure

    private mutating func alternatives() throws(TokenizerError) -> PatternNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepestNesting else { throw error("groups nested too deeply") }
        var branches = [try sequence()]
        while take("|") { branches.append(try sequence()) }
        return branches.count == 1 ? branches[0] : .alternatives(branches)
    }

    private mutating func sequence() throws(TokenizerError) -> PatternNode {
        var parts: [PatternNode] = []
        while let scalar = next, scalar != "|", scalar != ")" {
            if options.extended, scalar.properties.isWhitespace {
                position += 1
                continue
            }
            if options.extended, scalar == "#" {
                while let rest = next, rest != "\n" { position += rest == "\n" ? 0 : 1 }
                continue
            }
            guard let atom = try atom() else { continue }
            parts.append(try repeated(atom))
        }
        return parts.isEmpty ? .empty : parts.count == 1 ? parts[0] : .sequence(parts)
    }

    private mutating func repeated(_ atom: PatternNode) throws(TokenizerError) -> PatternNode {
        var node = atom
        var stacked = 0
        while let scalar = next {
            var repetition: PatternNode.Repetition
            var braces = false
            switch scalar {
            case "*": repetition = .init(minimum: 0, maximum: nil, mode: .greedy)
            case "+": repetition = .init(minimum: 1, maximum: nil, mode: .greedy)
            case "?": repetition = .init(minimum: 0, maximum: 1, mode: .greedy)
            case "{":
                guard let counts = try counts() else { return node }
                repetition = counts
                braces = true
            default: return node
            }
            if !braces { position += 1 }
            // `{n}?` is an optional `{n}` in this syntax, `{n,m}?` is lazy.
            let exact = braces && repetition.minimum == repetition.maximum
            if !exact, take("?") {
                repetition.mode = .lazy
            } else if !braces, take("+") {
                repetition.mode = .possessive
            }
            stacked += 1
            guard stacked <= 8 else { throw error("too many repetitions of one atom") }
            node = .repetition(node, repetition)
        }
        return node
    }

    /// `{n}`, `{n,}`, `{,m}` or `{n,m}`; nil, with nothing consumed, if the brace is a literal.
    private mutating func counts() throws(TokenizerError) -> PatternNode.Repetition? {
        let start = position
        position += 1
        let minimum = try integer()
        var maximum = minimum
        var comma = false
        if take(",") {
            comma = true
            maximum = try integer()
        }
        guard take("}"), minimum != nil || maximum != nil else {
            position = start
            return nil
        }
        if comma, let maximum, maximum < minimum ?? 0 {
            throw error("repetition minimum exceeds maximum")
        }
        return .init(minimum: minimum ?? 0, maximum: maximum, mode: .greedy)
    }

    private mutating func integer() throws(TokenizerError) -> Int? {
        var value: Int?
        while let scalar = next, scalar.value >= 0x30, scalar.value <= 0x39 {
            value = (value ?? 0) * 10 + Int(scalar.value - 0x30)
            if let value, value > Self.largestCount { throw error("repetition count is too large") }
            position += 1
        }
        return value
    }

    /// The next atom, which can be repeated; nil for a group that only sets options.
    private mutating func atom() throws(TokenizerError) -> PatternNode? {
        guard let scalar = next else { throw error("unexpected end") }
        switch scalar {
        case "(": return try group()
        case "[":
            var parser = CharacterClassParser(
                scalars: scalars, position: position, ignoreCase: options.ignoreCase)
            do {
                let expression = try parser.bracketed()
                position = parser.position
                return .one(CharacterClass(expression))
            } catch let failure {
                position = failure.position
                throw error(failure.problem)
            }
        case "\\": return try escape()
        case ".":
            position += 1
            return .one(
                CharacterClass(
                    options.dotMatchesNewline ? .any : .complement(.scalar(0x0A))))
        case "^":
            position += 1
            return .assertion(.startOfLine)
        case "$":
            position += 1
            return .assertion(.endOfLine)
        case "*", "+", "?": throw error("nothing to repeat")
        default:
            position += 1
            return literal(scalar)
        }
    }

    private func literal(_ scalar: Unicode.Scalar) -> PatternNode {
        let plain = CharacterClass.Expression.scalar(scalar.value)
        guard options.ignoreCase else { return .one(CharacterClass(plain)) }
        let folded = CharacterClass.Expression.fold(scalar.value)
        return .one(CharacterClass(.ignoringCase(.union([plain, .scalar(folded)]))))
    }

    // MARK: Groups

    private mutating func group() throws(TokenizerError) -> PatternNode? {
        position += 1
        let outer = options
        if take("?#") {
            while let scalar = next, scalar != ")" { position += scalar == ")" ? 0 : 1 }
            guard take(")") else { throw error("a comment does not end") }
            return nil
        }
        if take("?=") { return .look(try body(outer), negated: false) }
        if take("?!") { return .look(try body(outer), negated: true) }
        if take("?<=") { return try behind(try body(outer), negated: false) }
        if take("?<!") { return try behind(try body(outer), negated: true) }
        if take("?>") { return .atomic(try body(outer)) }
        if take("?:") { return try body(outer) }
        if looking(at: "?<") || looking(at: "?'") {
            let close: Unicode.Scalar = looking(at: "?<") ? ">" : "'"
            position += 2
            while let scalar = next, scalar != close {
                guard scalar.properties.isAlphabetic || scalar == "_" || scalar.value < 0x3A
                else { throw error("invalid group name") }
                position += 1
            }
            guard next == close else { throw error("a group name does not end") }
            position += 1
            return try body(outer)
        }
        guard take("?") else { return try body(outer) }
        return try optionGroup(outer)
    }

    /// Parses up to the closing parenthesis and restores the `outer` options.
    private mutating func body(_ outer: Options) throws(TokenizerError) -> PatternNode {
        let node = try alternatives()
        guard take(")") else { throw error("a group does not end") }
        options = outer
        return node
    }

    /// `(?i:…)`, `(?i)`, `(?-i)`, `(?mx-i:…)`.
    private mutating func optionGroup(_ outer: Options) throws(TokenizerError) -> PatternNode? {
        var on = true
        while let scalar = next {
            position += 1
            switch scalar {
            case "i": options.ignoreCase = on
            case "m": options.dotMatchesNewline = on
            case "x": options.extended = on
            case "-": on = false
            case ":": return try body(outer)
            case ")": return nil
            default:
                position -= 1
                throw error("unsupported group")
            }
        }
        throw error("a group does not end")
    }

    private func behind(_ node: PatternNode, negated: Bool) throws(TokenizerError) -> PatternNode {
        guard case .one(let set) = node else {
            throw error("look-behind of more than one character is not supported")
        }
        return .lookBehind(set, negated: negated)
    }

    // MARK: Escapes

    private mutating func escape() throws(TokenizerError) -> PatternNode {
        let following = position + 1 < scalars.count ? scalars[position + 1] : nil
        let assertion: PatternNode.Assertion? =
            switch following {
            case "A": .startOfText
            case "z": .endOfText
            case "Z": .endOfTextBeforeNewline
            case "b": .wordBoundary
            case "B": .notWordBoundary
            default: nil
            }
        if let assertion {
            position += 2
            return .assertion(assertion)
        }
        var parser = CharacterClassParser(
            scalars: scalars, position: position, ignoreCase: options.ignoreCase)
        do {
            let escaped = try parser.escape(inClass: false)
            position = parser.position
            switch escaped {
            case .scalar(let scalar): return literal(scalar)
            case .set(let set): return .one(CharacterClass(set))
            }
        } catch let failure {
            position = failure.position
            throw error(failure.problem)
        }
    }
}
