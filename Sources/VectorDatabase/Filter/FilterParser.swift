import Storage

/// A recursive-descent parser for filters:
///
///     either     = both { OR both }
///     both       = negation { AND negation }
///     negation   = NOT negation | primary
///     primary    = '(' either ')' | TRUE | FALSE | value comparison field | field [ condition ]
///     condition  = comparison value | IS [NOT] NULL
///                | [NOT] ( IN list | BETWEEN value AND value | CONTAINS text | like text [ ESCAPE text ] )
///     like       = LIKE | ILIKE
///     value      = number | TRUE | FALSE | text | DATE text
///
/// ILIKE, CONTAINS, ESCAPE and DATE are words only where a field cannot be.
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

    /// Takes a word that is no keyword, because fields may be named like it.
    private mutating func take(word: String) -> Bool {
        guard case .name(let name, isQuoted: false) = current.kind, name.uppercased() == word else {
            return false
        }
        advance()
        return true
    }

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
        if case .name = current.kind, !isAtDate { return try condition(on: try field()) }
        guard let value = try value() else { throw failure("a field, NOT or '('") }
        guard case .comparison(let symbol) = current.kind else {
            if case .value(.boolean(let isTrue)) = value { return isTrue ? .and([]) : .or([]) }
            throw failure("a comparison such as '='")
        }
        advance()
        return value.compared(with: try field(), symbol.mirrored)
    }

    private mutating func field() throws(FilterError) -> String {
        guard case .name(let name, let isQuoted) = current.kind else { throw failure("a field") }
        advance()
        if !isQuoted, name == "id" || name == "title", current.kind != .dot {
            return MetadataPredicate.ofDocument(name)
        }
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
            return try requiredValue().compared(with: field, symbol)
        }
        if take(.is) {
            let isNegated = take(.not)
            guard take(.null) else { throw failure(isNegated ? "NULL" : "NULL or NOT NULL") }
            return isNegated ? .isNotNull(field: field) : .isNull(field: field)
        }
        let isNegated = take(.not)
        let predicate: MetadataPredicate
        if take(.in) {
            predicate = try isIn(field)
        } else if take(.like) {
            let pattern = try text("a pattern in single quotes")
            if let escape = try escape() {
                predicate = .text(field: field, .like(pattern: pattern, escape: escape))
            } else {
                predicate = .like(field: field, pattern: pattern)
            }
        } else if take(word: "ILIKE") {
            let pattern = try text("a pattern in single quotes")
            predicate = .text(
                field: field, .likeInAnyCase(pattern: pattern, escape: try escape()))
        } else if take(word: "CONTAINS") {
            predicate = .text(field: field, .contains(try text("a text in single quotes")))
        } else if take(.between) {
            let low = try requiredValue()
            guard take(.and) else { throw failure("AND and the upper bound") }
            let high = try requiredValue()
            predicate = .and([
                low.compared(with: field, .greaterOrEqual),
                high.compared(with: field, .lessOrEqual),
            ])
        } else {
            if isNegated { throw failure("IN, LIKE, ILIKE, CONTAINS or BETWEEN") }
            return .isTrue(field: field)
        }
        return isNegated ? .not(predicate) : predicate
    }

    private mutating func text(_ expected: String) throws(FilterError) -> String {
        guard case .text(let text) = current.kind else { throw failure(expected) }
        advance()
        return text
    }

    private mutating func escape() throws(FilterError) -> Character? {
        guard take(word: "ESCAPE") else { return nil }
        let expected = "one character in single quotes, such as '\\'"
        guard case .text(let text) = current.kind, text.unicodeScalars.count == 1,
            let escape = text.first
        else { throw failure(expected) }
        advance()
        return escape
    }

    private mutating func isIn(_ field: String) throws(FilterError) -> MetadataPredicate {
        let operands = try list()
        let values = operands.compactMap { operand -> MetadataPredicate.Value? in
            guard case .value = operand else { return nil }
            return operand.asValue(of: field)
        }
        if values.count == operands.count { return .isIn(field: field, values) }
        let dates = operands.compactMap { operand -> MetadataPredicate? in
            guard case .date = operand else { return nil }
            return operand.compared(with: field, .equal)
        }
        return .or((values.isEmpty ? [] : [.isIn(field: field, values)]) + dates)
    }

    /// What a field is compared with.
    private enum Operand {
        case value(MetadataPredicate.Value)
        case date(DateText.Range)

        func compared(
            with field: String, _ operation: MetadataPredicate.Operator
        ) -> MetadataPredicate {
            switch self {
            case .value: .comparison(field: field, operation, asValue(of: field))
            case .date(let range): .date(field: field, operation, range)
            }
        }

        /// The value; for the document's id and title, which are texts, a number as a text.
        func asValue(of field: String) -> MetadataPredicate.Value {
            guard case .value(let value) = self else { return .boolean(false) }
            if field.first == MetadataPredicate.pathSeparator, case .integer(let number) = value {
                return .text(String(number))
            }
            return value
        }
    }

    private mutating func list() throws(FilterError) -> [Operand] {
        guard take(.open) else { throw failure("'(' and the values") }
        var values = [try requiredValue()]
        while take(.comma) { values.append(try requiredValue()) }
        guard take(.close) else { throw failure("',' or ')'") }
        return values
    }

    /// Whether `DATE 'text'` comes next.
    private var isAtDate: Bool {
        guard case .name(let name, isQuoted: false) = current.kind, name.uppercased() == "DATE",
            index + 1 < tokens.count, case .text = tokens[index + 1].kind
        else { return false }
        return true
    }

    private mutating func value() throws(FilterError) -> Operand? {
        let value: MetadataPredicate.Value
        if isAtDate {
            advance()
            guard case .text(let text) = current.kind, let range = DateText.range(of: text) else {
                throw failure("a date such as '2024-01-31' or '2024-01-31T12:00:00Z'")
            }
            advance()
            return .date(range)
        }
        switch current.kind {
        case .text(let text): value = .text(text)
        case .integer(let number): value = .integer(number)
        case .real(let number): value = .real(number)
        case .keyword(.true): value = .boolean(true)
        case .keyword(.false): value = .boolean(false)
        default: return nil
        }
        advance()
        return .value(value)
    }

    private mutating func requiredValue() throws(FilterError) -> Operand {
        if let value = try value() { return value }
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
