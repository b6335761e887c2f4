import DocumentStore

/// A recursive-descent parser for filters:
///
///     either     = both { OR both }
///     both       = negation { AND negation }
///     negation   = NOT negation | primary
///     primary    = '(' either ')' | TRUE | FALSE | value comparison field | field [ condition ]
///     condition  = comparison value | IS [NOT] NULL | [NOT] ( IN list | LIKE text | BETWEEN value AND value )
struct FilterParser {
    private let expression: String
    private let tokens: [FilterToken]
    private var index = 0
    private var depth = 0

    init(_ expression: String) throws(FilterError) {
        self.expression = expression
        var lexer = FilterLexer(expression)
        tokens = try lexer.tokens()
    }

    mutating func parse() throws(FilterError) -> MetadataPredicate {
        let predicate = try either()
        guard current.kind == .end else { throw failure("AND, OR or the end") }
        return predicate
    }

    private var current: FilterToken { tokens[index] }

    private mutating func advance() { if index + 1 < tokens.count { index += 1 } }

    private mutating func take(_ kind: FilterToken.Kind) -> Bool {
        guard current.kind == kind else { return false }
        advance()
        return true
    }

    private mutating func take(_ keyword: FilterKeyword) -> Bool { take(.keyword(keyword)) }

    private func failure(_ expected: String) -> FilterError {
        let found = current.kind == .end ? "the end" : current.spelling
        return FilterError(
            expression: expression, column: current.column, expected: expected, found: found)
    }

    private mutating func either() throws(FilterError) -> MetadataPredicate {
        var parts = [try both()]
        while take(.or) { parts.append(try both()) }
        return parts.count == 1 ? parts[0] : .or(parts)
    }

    private mutating func both() throws(FilterError) -> MetadataPredicate {
        var parts = [try negation()]
        while take(.and) { parts.append(try negation()) }
        return parts.count == 1 ? parts[0] : .and(parts)
    }

    private mutating func negation() throws(FilterError) -> MetadataPredicate {
        guard current.kind == .keyword(.not) || current.kind == .open else { return try primary() }
        depth += 1
        defer { depth -= 1 }
        guard depth <= Filter.maximumDepth else {
            throw failure("at most \(Filter.maximumDepth) levels of parentheses and NOT")
        }
        if take(.not) { return .not(try negation()) }
        advance()
        let inner = try either()
        guard take(.close) else { throw failure("AND, OR or ')'") }
        return inner
    }

    private mutating func primary() throws(FilterError) -> MetadataPredicate {
        if case .name = current.kind { return try condition(on: try field()) }
        guard let value = value() else { throw failure("a field, NOT or '('") }
        guard case .comparison(let symbol) = current.kind else {
            if case .boolean(let isTrue) = value { return isTrue ? .and([]) : .or([]) }
            throw failure("a comparison such as '='")
        }
        advance()
        return .comparison(field: try field(), symbol.mirrored, value)
    }

    private mutating func field() throws(FilterError) -> String {
        guard case .name(let name, _) = current.kind else { throw failure("a field") }
        advance()
        var path = [name]
        while take(.dot) {
            guard case .name(let part, _) = current.kind,
                MetadataPredicate.canBeInPath(part), MetadataPredicate.canBeInPath(path[0])
            else { throw failure("a field's name after the dot") }
            path.append(part)
            advance()
        }
        return path.joined(separator: String(MetadataPredicate.pathSeparator))
    }

    private mutating func condition(on field: String) throws(FilterError) -> MetadataPredicate {
        if case .comparison(let symbol) = current.kind {
            advance()
            return .comparison(field: field, symbol, try requiredValue())
        }
        if take(.is) {
            let isNegated = take(.not)
            guard take(.null) else { throw failure(isNegated ? "NULL" : "NULL or NOT NULL") }
            return isNegated ? .isNotNull(field: field) : .isNull(field: field)
        }
        let isNegated = take(.not)
        let predicate: MetadataPredicate
        if take(.in) {
            predicate = .isIn(field: field, try list())
        } else if take(.like) {
            guard case .text(let pattern) = current.kind else {
                throw failure("a pattern in single quotes")
            }
            advance()
            predicate = .like(field: field, pattern: pattern)
        } else if take(.between) {
            let low = try requiredValue()
            guard take(.and) else { throw failure("AND and the upper bound") }
            let high = try requiredValue()
            predicate = .and([
                .comparison(field: field, .greaterOrEqual, low),
                .comparison(field: field, .lessOrEqual, high),
            ])
        } else {
            if isNegated { throw failure("IN, LIKE or BETWEEN") }
            return .isTrue(field: field)
        }
        return isNegated ? .not(predicate) : predicate
    }

    private mutating func list() throws(FilterError) -> [MetadataPredicate.Value] {
        guard take(.open) else { throw failure("'(' and the values") }
        var values = [try requiredValue()]
        while take(.comma) { values.append(try requiredValue()) }
        guard take(.close) else { throw failure("',' or ')'") }
        return values
    }

    private mutating func value() -> MetadataPredicate.Value? {
        let value: MetadataPredicate.Value
        switch current.kind {
        case .text(let text): value = .text(text)
        case .integer(let number): value = .integer(number)
        case .real(let number): value = .real(number)
        case .keyword(.true): value = .boolean(true)
        case .keyword(.false): value = .boolean(false)
        default: return nil
        }
        advance()
        return value
    }

    private mutating func requiredValue() throws(FilterError) -> MetadataPredicate.Value {
        if let value = value() { return value }
        switch current.kind {
        case .name(let name, _):
            throw failure("a number, TRUE, FALSE or text in single quotes ('\(name)')")
        case .keyword(.null): throw failure("a value (a missing field is found by IS NULL)")
        default: throw failure("a number, TRUE, FALSE or text in single quotes")
        }
    }
}

extension MetadataPredicate.Operator {
    /// The operator for swapped operands.
    fileprivate var mirrored: Self {
        switch self {
        case .less: .greater
        case .lessOrEqual: .greaterOrEqual
        case .greater: .less
        case .greaterOrEqual: .lessOrEqual
        case .equal, .notEqual: self
        }
    }
}
