import GRDB

/// A predicate as SQL over `document AS d`, with every name and value bound.
///
/// Each comparison becomes one of
///
///     d.key IN (SELECT document FROM field_value WHERE field = ? AND value …)    an indexed field
///     CASE json_type(d.metadata, path) WHEN 'array' THEN EXISTS (… json_each …) … END
///     EXISTS (… json_each …)      where a path cannot name the field
///
/// whose result is never NULL, so NOT, AND and OR have two values.
struct PredicateSQL {
    private(set) var sql = ""
    private(set) var arguments: [String: DatabaseValue] = [:]
    private let fields: [String: Int64]

    /// `document AS d` belongs to `:collection`. The plus sign keeps SQLite from walking the index of
    /// ids, where it would fetch every row apart: a filter on an indexed field starts from its values,
    /// any other reads the table in order.
    static let isInCollection = "+d.collection = :collection"

    /// SQLite takes 32,766 values and nests expressions 1,000 deep, where not built otherwise.
    static let termLimit = 20_000
    static let depthLimit = 200

    /// - Throws: `predicateTooLarge`.
    init(_ predicate: MetadataPredicate, fields: [IndexedField]) throws(StoreError) {
        self.fields = Dictionary(
            fields.map { ($0.name, $0.id) }, uniquingKeysWith: { first, _ in first })
        var terms = 0
        guard Self.fits(predicate, depth: 0, terms: &terms) else {
            throw .predicateTooLarge(terms: terms, limit: Self.termLimit)
        }
        sql = render(predicate)
    }

    /// Compiles a statement around the condition.
    ///
    /// - Throws: `predicateTooLarge` if SQLite cannot parse it: of our statements only a filter's grows
    ///   with what the user gives, and only its size can be wrong with it.
    func prepare(_ statement: String, in database: Database) throws -> Statement {
        do { return try database.makeStatement(sql: statement) } catch let error as DatabaseError
            where error.extendedResultCode == .SQLITE_ERROR
        {
            throw StoreError.predicateTooLarge(terms: arguments.count, limit: Self.termLimit)
        }
    }

    private static func fits(_ predicate: MetadataPredicate, depth: Int, terms: inout Int) -> Bool {
        terms += 1
        guard depth <= depthLimit, terms <= termLimit else { return false }
        switch predicate {
        case .isIn(_, let values):
            terms += values.count
            return terms <= termLimit
        case .and(let parts), .or(let parts):
            return parts.allSatisfy { fits($0, depth: depth + 1, terms: &terms) }
        case .not(let part):
            return fits(part, depth: depth + 1, terms: &terms)
        default:
            return true
        }
    }

    // MARK: Tree

    /// With negations carried down to the comparisons and lists of one kind joined, so that little is
    /// nested: SQLite's parser holds 100 symbols.
    private mutating func render(_ predicate: MetadataPredicate, negated: Bool = false) -> String {
        switch predicate {
        case .not(let part):
            return render(part, negated: !negated)
        case .and(let parts), .or(let parts):
            let isAnd = if case .and = predicate { !negated } else { negated }
            guard !parts.isEmpty else { return isAnd ? "1" : "0" }
            let joined = flatten(predicate, negated: negated).map { leaf, negated in
                render(leaf, negated: negated)
            }
            return Self.join(joined[...], isAnd ? "AND" : "OR")
        default:
            let sql = renderComparison(predicate)
            return negated ? "NOT \(sql)" : sql
        }
    }

    /// The parts of a list and of the lists in it that mean the same.
    private func flatten(_ predicate: MetadataPredicate, negated: Bool)
        -> [(MetadataPredicate, Bool)]
    {
        func isAnd(_ predicate: MetadataPredicate, _ negated: Bool) -> Bool? {
            switch predicate {
            case .and(let parts): parts.isEmpty ? nil : !negated
            case .or(let parts): parts.isEmpty ? nil : negated
            case .not(let part): isAnd(part, !negated)
            default: nil
            }
        }
        let kind = isAnd(predicate, negated)
        func collect(_ part: MetadataPredicate, _ negated: Bool) -> [(MetadataPredicate, Bool)] {
            guard isAnd(part, negated) == kind else { return [(part, negated)] }
            switch part {
            case .and(let parts), .or(let parts): return parts.flatMap { collect($0, negated) }
            case .not(let part): return collect(part, !negated)
            default: return [(part, negated)]
            }
        }
        return collect(predicate, negated)
    }

    /// A chain is parsed without nesting, but is as deep as it is long: hence chains of a hundred.
    private static func join(_ parts: ArraySlice<String>, _ operation: String) -> String {
        let longest = 100
        guard parts.count > longest else {
            return "(\(parts.joined(separator: " \(operation) ")))"
        }
        let size = (parts.count + longest - 1) / longest
        let groups = stride(from: parts.startIndex, to: parts.endIndex, by: size).map { start in
            join(parts[start..<min(start + size, parts.endIndex)], operation)
        }
        return join(groups[...], operation)
    }

    private mutating func renderComparison(_ predicate: MetadataPredicate) -> String {
        switch predicate {
        case .comparison(let field, .notEqual, let value):
            let present = some(field) { _ in "IS NOT NULL" }
            let equal = bind(value)
            return "(\(present) AND NOT \(some(field) { _ in "= \(equal)" }))"
        case .comparison(let field, let operation, let value):
            let bound = bind(value)
            let type = if case .text = value { "= 'text'" } else { "<> 'text'" }
            return some(field) { x in
                "\(operation.rawValue) \(bound) AND typeof(\(x)) \(type)"
            }
        case .isIn(let field, let values):
            let bound = values.map { bind($0) }.joined(separator: ", ")
            return some(field) { _ in "IN (\(bound))" }
        case .like(let field, let pattern):
            let bound = bind(.text(pattern))
            return some(field) { x in "LIKE \(bound) AND typeof(\(x)) = 'text'" }
        case .isNull(let field):
            return "NOT \(isPresent(field))"
        case .isNotNull(let field):
            return isPresent(field)
        case .isTrue(let field):
            return some(field) { x in "<> 0 AND typeof(\(x)) <> 'text'" }
        case .and, .or, .not:
            return render(predicate)
        }
    }

    // MARK: Fields

    /// 1 where some value of the field satisfies `VALUE condition(VALUE)`, else 0.
    private mutating func some(_ field: String, _ condition: (String) -> String) -> String {
        func test(_ value: String) -> String { "\(value) \(condition(value))" }
        if let id = fields[field] {
            return """
                (d.key IN (SELECT document FROM field_value
                    WHERE field = \(id) AND \(test("value"))))
                """
        }
        guard let path = Self.path(to: field) else {
            let name = bind(.text(field))
            return """
                (EXISTS (SELECT 1 FROM json_each(d.metadata) AS m
                        WHERE m.key = \(name) AND \(Self.isScalar("m"))
                        AND \(test("m.value")))
                    OR EXISTS (SELECT 1 FROM json_each(d.metadata) AS m, json_each(m.value) AS e
                        WHERE m.key = \(name) AND m.type = 'array' AND \(Self.isScalar("e"))
                        AND \(test("e.value"))))
                """
        }
        let bound = bind(.text(path))
        return """
            (CASE json_type(d.metadata, \(bound))
                WHEN 'object' THEN 0
                WHEN 'array' THEN EXISTS (SELECT 1 FROM json_each(d.metadata, \(bound)) AS e
                    WHERE \(Self.isScalar("e")) AND \(test("e.value")))
                ELSE coalesce(\(test("json_extract(d.metadata, \(bound))")), 0) END)
            """
    }

    private mutating func isPresent(_ field: String) -> String {
        guard let path = Self.path(to: field) else {
            let name = bind(.text(field))
            return """
                EXISTS (SELECT 1 FROM json_each(d.metadata) AS m
                    WHERE m.key = \(name) AND m.type <> 'null')
                """
        }
        return "(coalesce(json_type(d.metadata, \(bind(.text(path)))), 'null') <> 'null')"
    }

    /// A JSON path, or nil: some names cannot be written in one.
    private static func path(to field: String) -> String? {
        let names = field.split(
            separator: MetadataPredicate.pathSeparator, omittingEmptySubsequences: false)
        guard names.allSatisfy(MetadataPredicate.canBeInPath) else { return nil }
        return "$" + names.map { ".\"\($0)\"" }.joined()
    }

    /// Of a row of json_each.
    static func isScalar(_ row: String) -> String {
        "\(row).type NOT IN ('null', 'array', 'object')"
    }

    private mutating func bind(_ value: MetadataPredicate.Value) -> String {
        let name = "p\(arguments.count)"
        arguments[name] =
            switch value {
            case .text(let text): text.databaseValue
            case .integer(let integer): integer.databaseValue
            case .real(let real): real.databaseValue
            case .boolean(let boolean): boolean.databaseValue
            }
        return ":" + name
    }
}
