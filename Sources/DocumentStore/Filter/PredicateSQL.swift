import GRDB
import TextBytes

/// A predicate as SQL over `document AS d`, with every name and value bound.
///
/// Negations are pushed down to the comparisons. Each comparison becomes a condition "it is true"
/// or "it is false"; both are false if the comparison is unknown. Only AND and OR are left above,
/// and they are true exactly if they are true with unknown parts counted as false. So two values
/// are enough, and no result is ever NULL. Each comparison becomes one of
///
///     d.key IN (SELECT document FROM field_value WHERE field = ? AND value …)    an indexed field
///     CASE TYPE WHEN 'array' THEN EXISTS (… json_each …) … END    any other
///
/// A field that is compared often is extracted from each document's JSON once (`commonTable`),
/// since SQLite parses the text again for every function call.
struct PredicateSQL {
    private(set) var sql = ""
    private(set) var arguments: [String: DatabaseValue] = [:]
    private let fields: [Identifier: Int64]
    /// Columns of the common table, by field.
    private var columns: [Identifier: Int] = [:]
    /// The columns that the common table selects.
    private var selected: [String] = []

    /// `document AS d` belongs to `:collection`. The plus sign keeps SQLite from walking the index
    /// of ids and fetching every row separately: a filter on an indexed field starts from its
    /// values, any other reads the table in order.
    static let isInCollection = "+d.collection = :collection"

    /// The number of comparisons of a field from which on it is extracted from the JSON once.
    private static let extractionThreshold = 4

    /// - Throws: `predicateTooLarge`.
    init(_ predicate: MetadataPredicate, fields: [IndexedField]) throws(StoreError) {
        self.fields = Dictionary(
            fields.map { (Identifier($0.name), $0.id) }, uniquingKeysWith: { first, _ in first })
        let tree = try NormalizedPredicate(predicate)
        for (field, count) in tree.comparisons
        where count >= Self.extractionThreshold && self.fields[field] == nil
            && Self.documentColumn(field.text) == nil
        {
            extract(field.text)
        }
        sql = render(tree)
    }

    /// Goes before the statement's SELECT; empty if no field is extracted.
    var commonTable: String {
        guard !selected.isEmpty else { return "" }
        return """
            WITH extracted AS MATERIALIZED (SELECT d.key AS key, \(selected.joined(separator: ", "))
                FROM document AS d WHERE \(Self.isInCollection))
            """
    }

    /// `document AS d`, joined with the common table if there is one.
    var documents: String {
        selected.isEmpty
            ? "document AS d" : "extracted AS x CROSS JOIN document AS d ON d.key = x.key"
    }

    /// Compiles a statement around the condition.
    ///
    /// - Throws: `predicateTooLarge` if SQLite cannot parse it. A filter's statement is the only
    ///   one that grows with user input, and only its size can be at fault.
    func prepare(_ statement: String, in database: Database) throws -> Statement {
        do { return try database.makeStatement(sql: statement) } catch let error as DatabaseError
            where error.extendedResultCode == .SQLITE_ERROR
        {
            throw StoreError.predicateTooLarge(
                terms: arguments.count, limit: NormalizedPredicate.termLimit)
        }
    }

    private mutating func render(_ tree: NormalizedPredicate) -> String {
        switch tree {
        case .comparison(let leaf, let negated): return renderComparison(leaf, negated: negated)
        case .list(let parts, let isAnd):
            if parts.isEmpty { return isAnd ? "1" : "0" }
            let rendered = parts.map { render($0) }
            return Self.join(rendered[...], isAnd ? "AND" : "OR")
        }
    }

    /// A chain is parsed without nesting, but its tree is as deep as the chain is long: hence
    /// chains of at most a hundred.
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

    private mutating func renderComparison(
        _ predicate: MetadataPredicate, negated: Bool
    ) -> String {
        switch predicate {
        case .comparison(let field, let operation, let value):
            let bound = bind(value)
            let type = if case .text = value { "= 'text'" } else { "<> 'text'" }
            return comparison(field, negated: negated) { x in
                "\(x) \(operation.rawValue) \(bound) AND typeof(\(x)) \(type)"
            }
        case .isIn(let field, let values):
            let bound = values.map { bind($0) }.joined(separator: ", ")
            return comparison(field, negated: negated) { x in "\(x) IN (\(bound))" }
        case .like(let field, let pattern):
            let bound = bind(.text(pattern))
            return comparison(field, negated: negated) { x in
                "\(x) LIKE \(bound) AND typeof(\(x)) = 'text'"
            }
        case .text(let field, let test):
            let condition = text(test)
            return comparison(field, negated: negated) { x in
                "coalesce(\(condition(x)) AND typeof(\(x)) = 'text', 0)"
            }
        case .date(let field, let operation, let range):
            let (start, end) = (bind(.real(range.start)), bind(.real(range.end)))
            return comparison(field, negated: negated) { x in
                let date = "\(FilterFunctions.date)(\(x))"
                let holds =
                    switch operation {
                    case .equal, .notEqual: "\(date) >= \(start) AND \(date) < \(end)"
                    case .less: "\(date) < \(start)"
                    case .lessOrEqual: "\(date) < \(end)"
                    case .greater: "\(date) >= \(end)"
                    case .greaterOrEqual: "\(date) >= \(start)"
                    }
                return "coalesce(\(holds), 0)"
            }
        case .isNull(let field):
            return negated ? isPresent(field) : "NOT \(isPresent(field))"
        case .isNotNull(let field):
            return negated ? "NOT \(isPresent(field))" : isPresent(field)
        case .isTrue(let field):
            let isTrue = some(field) { x in "\(x) <> 0 AND typeof(\(x)) <> 'text'" }
            return negated ? "NOT \(isTrue)" : isTrue
        case .and, .or, .not:
            return render(NormalizedPredicate(unchecked: predicate, isNegated: negated))
        }
    }

    // MARK: Fields

    private mutating func text(_ test: MetadataPredicate.TextTest) -> (String) -> String {
        func escaping(_ escape: Character?, folded: Bool) -> String {
            guard let escape else { return "" }
            let text = folded ? FilterFunctions.folded(String(escape)) : String(escape)
            return " ESCAPE \(bind(.text(text)))"
        }
        switch test {
        case .like(let pattern, let escape):
            let bound = bind(.text(pattern)) + escaping(escape, folded: false)
            return { x in "\(x) LIKE \(bound)" }
        case .likeInAnyCase(let pattern, let escape):
            let bound =
                bind(.text(FilterFunctions.folded(pattern))) + escaping(escape, folded: true)
            return { x in "\(FilterFunctions.fold)(\(x)) LIKE \(bound)" }
        case .contains(let text):
            let bound = bind(.text(FilterFunctions.folded(text)))
            return { x in "instr(\(FilterFunctions.fold)(\(x)), \(bound)) > 0" }
        }
    }

    /// The column of a field that is the document's own.
    private static func documentColumn(_ field: String) -> String? {
        switch field {
        case MetadataPredicate.ofDocument("id"): "d.id"
        case MetadataPredicate.ofDocument("title"): "d.title"
        default: nil
        }
    }

    /// 1 if some value of the field satisfies `condition(VALUE)` or, negated, if there are
    /// values and none does; else 0.
    private mutating func comparison(
        _ field: String, negated: Bool, _ condition: (String) -> String
    ) -> String {
        let holds = some(field, condition)
        return negated ? "(\(some(field) { x in "\(x) IS NOT NULL" }) AND NOT \(holds))" : holds
    }

    /// 1 if some value of the field satisfies `condition(VALUE)`, else 0.
    private mutating func some(_ field: String, _ condition: (String) -> String) -> String {
        if let column = Self.documentColumn(field) {
            return "(\(column) <> '' AND \(condition(column)))"
        }
        if let id = fields[Identifier(field)] {
            return """
                (d.key IN (SELECT document FROM field_value
                    WHERE field = \(id) AND \(condition("value"))))
                """
        }
        if let column = columns[Identifier(field)] {
            return """
                (CASE x.kind\(column) WHEN 1 THEN \(condition("x.value\(column)"))
                    WHEN 2 THEN EXISTS (SELECT 1 FROM json_each(x.value\(column)) AS e
                        WHERE \(Self.isScalar("e")) AND \(condition("e.value")))
                    ELSE 0 END)
                """
        }
        guard let path = Self.path(to: field) else {
            let name = bind(.text(field))
            return """
                (EXISTS (SELECT 1 FROM json_each(d.metadata) AS m
                        WHERE m.key = \(name) AND \(Self.isScalar("m"))
                        AND \(condition("m.value")))
                    OR EXISTS (SELECT 1 FROM json_each(d.metadata) AS m, json_each(m.value) AS e
                        WHERE m.key = \(name) AND m.type = 'array' AND \(Self.isScalar("e"))
                        AND \(condition("e.value"))))
                """
        }
        let bound = bind(.text(path))
        return """
            (CASE json_type(d.metadata, \(bound))
                WHEN 'object' THEN 0
                WHEN 'array' THEN EXISTS (SELECT 1 FROM json_each(d.metadata, \(bound)) AS e
                    WHERE \(Self.isScalar("e")) AND \(condition("e.value")))
                ELSE coalesce(\(condition("json_extract(d.metadata, \(bound))")), 0) END)
            """
    }

    /// Adds a field's columns to the common table: its kind (0 missing or null, 1 a scalar, 2 an
    /// array, 3 an object), and its value, which for an array is its JSON.
    private mutating func extract(_ field: String) {
        let column = columns.count
        columns[Identifier(field)] = column
        if let path = Self.path(to: field) {
            let bound = bind(.text(path))
            selected += [
                Self.kind("json_type(d.metadata, \(bound))") + " AS kind\(column)",
                "json_extract(d.metadata, \(bound)) AS value\(column)",
            ]
        } else {
            let name = bind(.text(field))
            func member(_ part: String) -> String {
                """
                (SELECT m.\(part) FROM json_each(d.metadata) AS m WHERE m.key = \(name) LIMIT 1)
                """
            }
            selected += [
                Self.kind(member("type")) + " AS kind\(column)",
                member("value") + " AS value\(column)",
            ]
        }
    }

    private static func kind(_ type: String) -> String {
        """
        CASE coalesce(\(type), 'null') WHEN 'null' THEN 0 WHEN 'array' THEN 2 WHEN 'object' THEN 3
            ELSE 1 END
        """
    }

    private mutating func isPresent(_ field: String) -> String {
        if let column = Self.documentColumn(field) { return "(\(column) <> '')" }
        if let column = columns[Identifier(field)] {
            return "(x.kind\(column) <> 0)"
        }
        guard let path = Self.path(to: field) else {
            let name = bind(.text(field))
            return """
                EXISTS (SELECT 1 FROM json_each(d.metadata) AS m
                    WHERE m.key = \(name) AND m.type <> 'null')
                """
        }
        return "(coalesce(json_type(d.metadata, \(bind(.text(path)))), 'null') <> 'null')"
    }

    /// The field as a JSON path; `nil` if a name cannot be written in one.
    private static func path(to field: String) -> String? {
        let names = field.split(
            separator: MetadataPredicate.pathSeparator, omittingEmptySubsequences: false)
        guard names.allSatisfy(MetadataPredicate.canBeInPath) else { return nil }
        return "$" + names.map { ".\"\($0)\"" }.joined()
    }

    /// Whether a row of json_each is a scalar.
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
