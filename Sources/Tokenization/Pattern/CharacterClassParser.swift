/// Parses escapes and bracketed sets: `\p{Lu}`, `[^\r\n\p{L}]`, `[a-z&&[^q]]`, `[[:alpha:]]`.
struct CharacterClassParser {
    typealias Expression = CharacterClass.Expression

    struct Failure: Error {
        let position: Int
        let problem: String
    }

    enum Escape {
        case scalar(Unicode.Scalar)
        case set(Expression)
    }

    let scalars: [Unicode.Scalar]
    private(set) var position: Int
    private let ignoreCase: Bool
    private var depth = 0

    init(scalars: [Unicode.Scalar], position: Int, ignoreCase: Bool) {
        self.scalars = scalars
        self.position = position
        self.ignoreCase = ignoreCase
    }

    private func failure(_ problem: String) -> Failure {
        Failure(position: position, problem: problem)
    }

    private var next: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard next == scalar else { return false }
        position += 1
        return true
    }

    // MARK: Brackets

    /// From `[` through `]`.
    mutating func bracketed() throws(Failure) -> Expression {
        depth += 1
        defer { depth -= 1 }
        guard depth <= 32 else { throw failure("sets nested too deeply") }
        position += 1
        let negated = take("^")
        var operands: [Expression] = []
        var parts: [Expression] = []
        var first = true
        while true {
            guard let scalar = next else { throw failure("a set does not end") }
            if scalar == "]", !first {
                position += 1
                break
            }
            first = false
            if scalar == "[" {
                if let posix = try posixClass() {
                    parts.append(posix)
                } else {
                    parts.append(try bracketed())
                }
                continue
            }
            if scalar == "&", position + 1 < scalars.count, scalars[position + 1] == "&" {
                position += 2
                operands.append(.union(parts))
                parts = []
                continue
            }
            parts.append(try member())
        }
        operands.append(parts.count == 1 ? parts[0] : .union(parts))
        var set = operands.count == 1 ? operands[0] : .intersection(operands)
        if ignoreCase { set = .ignoringCase(set) }
        return negated ? .complement(set) : set
    }

    /// A scalar, a range, or an escaped set.
    private mutating func member() throws(Failure) -> Expression {
        let low: Unicode.Scalar
        switch try element() {
        case .set(let set): return set
        case .scalar(let scalar): low = scalar
        }
        guard next == "-", position + 1 < scalars.count, scalars[position + 1] != "]" else {
            return .scalar(low.value)
        }
        let dash = position
        position += 1
        if next == "[" {
            position = dash
            return .scalar(low.value)
        }
        guard case .scalar(let high) = try element() else {
            position = dash
            return .scalar(low.value)
        }
        guard low.value <= high.value else { throw failure("a range that counts down") }
        return .range(low.value, high.value)
    }

    private mutating func element() throws(Failure) -> Escape {
        guard let scalar = next else { throw failure("a set does not end") }
        if scalar == "\\" { return try escape(inClass: true) }
        position += 1
        return .scalar(scalar)
    }

    /// A class such as `[:alpha:]`, at its `[`; nil if the bracket is an ordinary one.
    private mutating func posixClass() throws(Failure) -> Expression? {
        guard position + 1 < scalars.count, scalars[position + 1] == ":" else { return nil }
        var at = position + 2
        let negated = at < scalars.count && scalars[at] == "^"
        if negated { at += 1 }
        var name = ""
        while at < scalars.count, scalars[at].properties.isAlphabetic, name.count < 12 {
            name.unicodeScalars.append(scalars[at])
            at += 1
        }
        guard at + 1 < scalars.count, scalars[at] == ":", scalars[at + 1] == "]" else {
            return nil
        }
        let set: Expression
        switch name {
        case "blank": set = .union([.categories(1 << 22), .scalar(0x09)])
        case "cntrl": set = .categories(1 << 25)
        case "xdigit": set = Self.hexadecimalDigit
        default:
            guard let property = Expression.property(name) else {
                throw failure("the set [:\(name):] is not supported")
            }
            set = property
        }
        position = at + 2
        return negated ? .complement(set) : set
    }

    // MARK: Escapes

    private static let hexadecimalDigit = Expression.union([
        .range(0x30, 0x39), .range(0x41, 0x46), .range(0x61, 0x66),
    ])

    /// From the backslash on.
    mutating func escape(inClass: Bool) throws(Failure) -> Escape {
        position += 1
        guard let scalar = next else { throw failure("a backslash at the end") }
        position += 1
        switch scalar {
        case "d": return .set(.categories(CategorySet.decimalNumber))
        case "D": return .set(.complement(.categories(CategorySet.decimalNumber)))
        case "s": return .set(.whiteSpace)
        case "S": return .set(.complement(.whiteSpace))
        case "w", "W":
            let word = inClass ? Expression.word : .wordOutsideBrackets
            return .set(scalar == "w" ? word : .complement(word))
        case "h": return .set(Self.hexadecimalDigit)
        case "H": return .set(.complement(Self.hexadecimalDigit))
        case "p", "P": return .set(try property(negated: scalar == "P"))
        case "n": return .scalar("\n")
        case "r": return .scalar("\r")
        case "t": return .scalar("\t")
        case "f": return .scalar("\u{0C}")
        case "v": return .scalar("\u{0B}")
        case "a": return .scalar("\u{07}")
        case "e": return .scalar("\u{1B}")
        case "b" where inClass: return .scalar("\u{08}")
        case "x":
            if take("{") {
                let scalar = try hexadecimal(digits: 1...8)
                guard take("}") else { throw failure("a character code does not end") }
                return .scalar(scalar)
            }
            return .scalar(try hexadecimal(digits: 1...2))
        case "u": return .scalar(try hexadecimal(digits: 4...4))
        case "0": return .scalar("\0")
        default:
            // Any other letter or digit may have a meaning in Oniguruma.
            guard
                !(scalar.isASCII
                    && (scalar.properties.isAlphabetic || (0x30...0x39).contains(scalar.value)))
            else {
                position -= 1
                throw failure("the escape \\\(scalar) is not supported")
            }
            return .scalar(scalar)
        }
    }

    private mutating func hexadecimal(digits: ClosedRange<Int>) throws(Failure) -> Unicode.Scalar {
        var value: UInt32 = 0
        var count = 0
        while count < digits.upperBound, let scalar = next,
            let digit = Character(scalar).hexDigitValue, scalar.isASCII
        {
            value = value << 4 | UInt32(digit)
            count += 1
            position += 1
        }
        guard digits.contains(count), let scalar = Unicode.Scalar(value) else {
            throw failure("a bad character code")
        }
        return scalar
    }

    /// After `\p`: `{Name}`, `{^Name}`, or one letter.
    private mutating func property(negated: Bool) throws(Failure) -> Expression {
        var name = ""
        var negated = negated
        if take("{") {
            if take("^") { negated.toggle() }
            while let scalar = next, scalar != "}" {
                name.unicodeScalars.append(scalar)
                position += 1
                guard name.count <= 40 else { throw failure("a property name does not end") }
            }
            guard take("}") else { throw failure("a property name does not end") }
        } else if let letter = next {
            name.unicodeScalars.append(letter)
            position += 1
        }
        guard let set = Expression.property(name) else {
            throw failure("the property \\p{\(name)} is not supported")
        }
        return negated ? .complement(set) : set
    }
}
