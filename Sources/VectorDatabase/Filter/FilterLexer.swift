import Storage

/// A token of the filter language and its place.
struct FilterToken: Equatable {
    enum Kind: Equatable {
        case keyword(FilterKeyword)
        /// A bare or quoted name; `isQuoted` serves error messages only.
        case name(String, isQuoted: Bool)
        case text(String)
        case integer(Int64)
        case real(Double)
        case comparison(MetadataPredicate.Operator)
        case open, close, comma, dot
        case end
    }

    let kind: Kind
    /// In characters, from 1.
    let column: Int
    /// As it was written.
    let spelling: String
}

enum FilterKeyword: String, CaseIterable {
    case and = "AND"
    case or = "OR"
    case not = "NOT"
    case `in` = "IN"
    case like = "LIKE"
    case between = "BETWEEN"
    case `is` = "IS"
    case null = "NULL"
    case `true` = "TRUE"
    case `false` = "FALSE"
}

/// Splits an expression into tokens.
struct FilterLexer {
    private let expression: String
    private let characters: [Character]
    private var index = 0

    init(_ expression: String) {
        self.expression = expression
        characters = Array(expression)
    }

    /// All tokens; the last is `end`.
    mutating func tokens() throws(FilterError) -> [FilterToken] {
        var tokens: [FilterToken] = []
        repeat { tokens.append(try next()) } while tokens.last?.kind != .end
        return tokens
    }

    private mutating func next() throws(FilterError) -> FilterToken {
        while index < characters.count, characters[index].isWhitespace { index += 1 }
        let start = index
        let kind = try kind()
        let spelling = String(characters[start..<index])
        return FilterToken(kind: kind, column: start + 1, spelling: spelling)
    }

    private mutating func kind() throws(FilterError) -> FilterToken.Kind {
        guard index < characters.count else { return .end }
        let character = characters[index]
        if isNameStart(character) { return nameOrKeyword() }
        if character.isASCII, character.isNumber { return try number() }
        switch character {
        case "'": return .text(try quoted(by: "'", "the closing '"))
        case "\"": return .name(try quoted(by: "\"", "the closing \""), isQuoted: true)
        case "(": return take(.open)
        case ")": return take(.close)
        case ",": return take(.comma)
        case ".":
            return index + 1 < characters.count && characters[index + 1].isASCII
                && characters[index + 1].isNumber ? try number() : take(.dot)
        case "-", "+": return try number()
        case "=":
            index += 1
            if index < characters.count, characters[index] == "=" { index += 1 }
            return .comparison(.equal)
        case "<":
            index += 1
            if takeIf("=") { return .comparison(.lessOrEqual) }
            return .comparison(takeIf(">") ? .notEqual : .less)
        case ">":
            index += 1
            return .comparison(takeIf("=") ? .greaterOrEqual : .greater)
        case "!":
            index += 1
            if takeIf("=") { return .comparison(.notEqual) }
            throw failure("'!='", found: "'!'", at: index)
        default: throw failure("a field, value or operator", found: "'\(character)'", at: index + 1)
        }
    }

    private mutating func take(_ kind: FilterToken.Kind) -> FilterToken.Kind {
        index += 1
        return kind
    }

    private mutating func takeIf(_ character: Character) -> Bool {
        guard index < characters.count, characters[index] == character else { return false }
        index += 1
        return true
    }

    private func isNameStart(_ character: Character) -> Bool {
        character.isLetter || character == "_"
    }

    private mutating func nameOrKeyword() -> FilterToken.Kind {
        let start = index
        while index < characters.count,
            isNameStart(characters[index]) || characters[index].isNumber
        {
            index += 1
        }
        let word = String(characters[start..<index])
        if let keyword = FilterKeyword(rawValue: word.uppercased()) { return .keyword(keyword) }
        return .name(word, isQuoted: false)
    }

    /// The text between two quotes, in which a doubled quote stands for one.
    private mutating func quoted(by quote: Character, _ expected: String) throws(FilterError)
        -> String
    {
        index += 1
        var text = ""
        while index < characters.count {
            let character = characters[index]
            index += 1
            if character == quote {
                if !takeIf(quote) { return text }
            }
            text.append(character)
        }
        throw failure(expected, found: "the end", at: characters.count + 1)
    }

    private mutating func number() throws(FilterError) -> FilterToken.Kind {
        let start = index
        if !takeIf("-") { _ = takeIf("+") }
        func isDigit(_ position: Int) -> Bool {
            position < characters.count && characters[position].isASCII
                && characters[position].isNumber
        }
        while isDigit(index) { index += 1 }
        var isInteger = true
        if index < characters.count, characters[index] == ".", isDigit(index + 1) {
            isInteger = false
            index += 1
            while isDigit(index) { index += 1 }
        }
        if index < characters.count, characters[index] == "e" || characters[index] == "E" {
            isInteger = false
            index += 1
            if !takeIf("-") { _ = takeIf("+") }
            while isDigit(index) { index += 1 }
        }
        let text = String(characters[start..<index])
        if isInteger {
            // As a double, the number would equal its neighbors.
            guard let value = Int64(text) else {
                throw failure(
                    "an integer of at most 64 bits, or a number with a decimal point",
                    found: "'\(text)'", at: start + 1)
            }
            return .integer(value)
        }
        guard let value = Double(text), value.isFinite else {
            throw failure("a number", found: "'\(text)'", at: start + 1)
        }
        return .real(value)
    }

    private func failure(_ expected: String, found: String, at column: Int) -> FilterError {
        FilterError(expression: expression, column: column, expected: expected, found: found)
    }
}
