import JSON
import Storage
import TextBytes

/// A predicate as SQL over `document AS d`, with every name and value bound.
///
/// Each comparison asks whether some value of a field is so, by a path over the field's JSON, in which `@`
/// is a scalar itself or each element of an array. Its type is asked first: an element that is an array
/// itself would be taken apart, too.
///
///     coalesce(jsonb_path_exists(d.metadata -> $1, '$ ? (@.type() == "string" && @ < $v)', $2), false)
///
/// Equality has `d.metadata @> …` beside it, which an index answers, and so have other comparisons of an
/// indexed field its bounds (``FieldIndex``). What PostgreSQL would judge by rules
/// of its own, letter case and dates, is judged here: the field's texts are read first, and those that
/// pass take the place of the test (``questions(in:)``).
struct PostgresPredicate {
    private(set) var sql = ""
    private(set) var parameters: [PostgresValue]
    /// The places of parameters, so that none is sent twice.
    private var numbers: [PostgresValue: Int] = [:]
    private var answers: ArraySlice<[String]>
    private let indexed: Set<Identifier>

    /// Equalities of more values than this are not looked up in the index.
    private static let mostContained = 16
    /// Of a longer list, or one further down, no part is looked up in the index.
    private static let mostPlanned = 32
    private static let deepestPlanned = 4

    private static let scalar =
        #"@.type() == "string" || @.type() == "number" || @.type() == "boolean""#
    private static let string = #"@.type() == "string""#

    /// - Parameters:
    ///   - parameters: of the statement around the condition, before those of the condition.
    ///   - answers: the texts that pass each of the questions in the predicate.
    ///   - indexed: the fields that have indexes of their own.
    init(
        _ predicate: NormalizedPredicate, after parameters: [PostgresValue] = [],
        answers: [[String]] = [], indexed: Set<Identifier> = []
    ) {
        self.indexed = indexed
        self.parameters = parameters
        self.answers = answers[...]
        sql = render(predicate)
    }

    // MARK: Questions

    /// The comparisons whose texts must be judged before, in the order of their answers.
    static func questions(in predicate: NormalizedPredicate) -> [MetadataPredicate] {
        switch predicate {
        case .comparison(let comparison, _): isQuestion(comparison) ? [comparison] : []
        case .list(let parts, _): parts.flatMap(questions)
        }
    }

    private static func isQuestion(_ comparison: MetadataPredicate) -> Bool {
        switch comparison {
        case .date, .text(_, .likeInAnyCase), .text(_, .contains): true
        default: false
        }
    }

    /// The statement that reads a field's texts, each once; `nil` if it can have none.
    static func texts(
        of question: MetadataPredicate, in layout: CollectionLayout
    ) -> PostgresStatement? {
        guard let field = question.fieldOrColumn else { return nil }
        if let column = documentColumn(field) {
            return PostgresStatement(
                "SELECT DISTINCT \(column) FROM \(layout.documents) AS d WHERE d.\(layout.anyPlace)"
                    + " AND \(column) <> ''")
        }
        let names = names(of: field)
        if names.contains(where: \.hasNUL) { return nil }
        let value = "d.metadata" + names.indices.map { " -> $\($0 + 1)" }.joined()
        return PostgresStatement(
            """
            SELECT DISTINCT e #>> '{}' FROM \(layout.documents) AS d,
                jsonb_path_query(\(value), '$ ? (\(string))') AS e WHERE d.\(layout.anyPlace)
            """, names.map { .text($0) })
    }

    /// Whether a text passes a question's test.
    static func passes(_ text: String, _ question: MetadataPredicate) -> Bool {
        switch question {
        case .text(_, .likeInAnyCase(let pattern, let escape)):
            let folded = escape.flatMap { MetadataPredicate.folded(String($0)).first }
            return LikePattern(MetadataPredicate.folded(pattern), escape: folded)?
                .matches(MetadataPredicate.folded(text)) ?? false
        case .text(_, .contains(let part)):
            let (text, part) = (
                Array(MetadataPredicate.folded(text).utf8),
                Array(MetadataPredicate.folded(part).utf8)
            )
            guard part.count <= text.count else { return false }
            return (0...text.count - part.count).contains { text[$0...].starts(with: part) }
        case .date(_, let operation, let range):
            guard let moment = DateText.range(of: text)?.start else { return false }
            return switch operation {
            case .equal: range.start <= moment && moment < range.end
            case .notEqual: moment < range.start || range.end <= moment
            case .less: moment < range.start
            case .lessOrEqual: moment < range.end
            case .greater: range.end <= moment
            case .greaterOrEqual: range.start <= moment
            }
        default: return false
        }
    }

    // MARK: SQL

    private mutating func render(_ predicate: NormalizedPredicate, depth: Int = 0) -> String {
        switch predicate {
        case .comparison(let comparison, let isNegated):
            return render(comparison, isNegated: isNegated)
        case .list(let parts, let isAnd):
            if parts.isEmpty { return isAnd ? "true" : "false" }
            let rendered = parts.map { render($0, depth: depth + 1) }
            let joined = "(" + rendered.joined(separator: isAnd ? " AND " : " OR ") + ")"
            // The time to plan grows with the square of the conditions that the planner sees, and with
            // each level that it sees it doubles.
            let isPlanned = parts.count <= Self.mostPlanned && depth < Self.deepestPlanned
            return isPlanned ? joined : "coalesce(\(joined), false)"
        }
    }

    private mutating func render(_ comparison: MetadataPredicate, isNegated: Bool) -> String {
        switch comparison {
        case .comparison(let field, .equal, let value):
            return equality(field, [value], isNegated: isNegated)
        case .isIn(let field, let values):
            return equality(field, values, isNegated: isNegated)
        case .comparison(let field, let operation, let value):
            let (comparison, value) = Self.withoutNUL(operation, value)
            return judged(field, isNegated: isNegated) { predicate in
                let holds = predicate.exists(
                    field, Self.order(comparison, value), "{\"v\":\(value.json)}")
                guard !isNegated,
                    let bounds = predicate.bounds(field, comparison, value)
                else { return holds }
                return "(\(bounds) AND \(holds))"
            }
        case .like(let field, let pattern):
            return like(field, LikePattern(pattern), isNegated: isNegated)
        case .text(let field, .like(let pattern, let escape)):
            return like(field, LikePattern(pattern, escape: escape), isNegated: isNegated)
        case .text(let field, _), .date(let field, _, _):
            let texts = answers.popFirst() ?? []
            return equality(field, texts.map { .text($0) }, isNegated: isNegated)
        case .isNull(let field):
            return isNegated ? isPresent(field) : "NOT \(isPresent(field))"
        case .isNotNull(let field):
            return isNegated ? "NOT \(isPresent(field))" : isPresent(field)
        case .isTrue(let field):
            let isTrue = exists(
                field, #"(@.type() == "number" && @ <> 0) || (@.type() == "boolean" && @ == true)"#,
                "{}")
            return isNegated ? "NOT \(isTrue)" : isTrue
        case .and, .or, .not:
            return render(NormalizedPredicate(unchecked: comparison, isNegated: isNegated))
        }
    }

    /// The condition or, negated, that there are values and it does not hold.
    private mutating func judged(
        _ field: String, isNegated: Bool, _ condition: (inout PostgresPredicate) -> String
    ) -> String {
        let holds = condition(&self)
        if !isNegated { return holds }
        return "(\(exists(field, Self.scalar, "{}")) AND NOT \(holds))"
    }

    /// A condition that an index of the field answers, and that holds wherever the comparison does.
    private mutating func bounds(
        _ field: String, _ operation: MetadataPredicate.Operator, _ value: MetadataPredicate.Value
    ) -> String? {
        let ordered: [MetadataPredicate.Operator] = [
            .less, .lessOrEqual, .greater, .greaterOrEqual,
        ]
        guard indexed.contains(Identifier(field)), ordered.contains(operation) else { return nil }
        let key = self.value(of: field)
        if let text = value.text {
            return FieldIndex.texts(key, operation.rawValue, bind(.text(text)))
        }
        return FieldIndex.numbers(key, operation.rawValue, bind(.text(value.json)))
    }

    private mutating func equality(
        _ field: String, _ values: [MetadataPredicate.Value], isNegated: Bool
    ) -> String {
        let values = values.filter { $0.text?.hasNUL != true }
        if let column = Self.documentColumn(field) {
            // Which the unique index answers.
            let texts = PostgresValue.texts(values.compactMap(\.text))
            let isOne = "(\(column) <> '' AND \(column) = ANY(\(bind(texts))))"
            return isNegated ? "(\(column) <> '' AND NOT \(isOne))" : isOne
        }
        let equal = values.flatMap(\.equalJSON)
        return judged(field, isNegated: isNegated) { predicate in
            let holds = predicate.exists(
                field, where: "e = ANY(\(predicate.bind(.jsons(equal))))")
            guard !isNegated, !field.hasNUL, (1...Self.mostContained).contains(values.count)
            else { return holds }
            let contained = equal.flatMap { [$0, "[\($0)]"] }.map { json in
                let nested = Self.names(of: field).reversed().reduce(json) { inner, name in
                    "{\(MetadataPredicate.Value.text(name).json):\(inner)}"
                }
                return "d.metadata @> \(predicate.bind(.json(nested)))"
            }
            return "((\(contained.joined(separator: " OR "))) AND \(holds))"
        }
    }

    private mutating func like(
        _ field: String, _ pattern: LikePattern?, isNegated: Bool
    ) -> String {
        judged(field, isNegated: isNegated) { predicate in
            guard let pattern = pattern?.lowercasedForPostgres, !pattern.hasNUL else {
                return "false"
            }
            let bound = predicate.bind(.text(pattern))
            return predicate.exists(
                field, of: Self.string, where: "lower((e #>> '{}') COLLATE \"C\") LIKE \(bound)")
        }
    }

    private mutating func isPresent(_ field: String) -> String {
        if let column = Self.documentColumn(field) { return "(\(column) <> '')" }
        return "coalesce(\(value(of: field)) <> 'null', false)"
    }

    /// Whether some value of the field satisfies a condition on `@`, in which `$NAME` is a member of
    /// `values`.
    private mutating func exists(
        _ field: String, _ condition: String, _ values: String
    ) -> String {
        """
        coalesce(jsonb_path_exists(\(value(of: field)), \(bind(.jsonPath("$ ? (\(condition))"))),
            \(bind(.json(values)))), false)
        """
    }

    /// Whether some value `e` of the field, of some types, satisfies a condition in SQL.
    private mutating func exists(
        _ field: String, of types: String = Self.scalar, where condition: String
    ) -> String {
        """
        EXISTS (SELECT 1 FROM jsonb_path_query(\(value(of: field)),
            \(bind(.jsonPath("$ ? (\(types))")))) AS e WHERE \(condition))
        """
    }

    /// The field as jsonb; NULL if it is missing.
    private mutating func value(of field: String) -> String {
        if let column = Self.documentColumn(field) { return "to_jsonb(nullif(\(column), ''))" }
        let names = Self.names(of: field)
        if names.contains(where: \.hasNUL) { return "NULL::jsonb" }
        return "(d.metadata" + names.map { " -> \(bind(.text($0)))" }.joined() + ")"
    }

    /// No text in PostgreSQL has a NUL, so what is less than a text with one is not greater than what
    /// comes before that.
    private static func withoutNUL(
        _ operation: MetadataPredicate.Operator, _ value: MetadataPredicate.Value
    ) -> (operation: MetadataPredicate.Operator, value: MetadataPredicate.Value) {
        guard let text = value.text, text.hasNUL else { return (operation, value) }
        let start = MetadataPredicate.Value.text(
            String(decoding: text.utf8.prefix { $0 != 0 }, as: UTF8.self))
        return ([.less, .lessOrEqual].contains(operation) ? .lessOrEqual : .greater, start)
    }

    /// true is the number 1, and false 0.
    private static func order(
        _ operation: MetadataPredicate.Operator, _ value: MetadataPredicate.Value
    ) -> String {
        let operation = operation.rawValue
        if case .text = value { return "\(string) && @ \(operation) $v" }
        return """
            (@.type() == "number" && @ \(operation) $v) || (@.type() == "boolean" \
            && ((@ == true && 1 \(operation) $v) || (@ == false && 0 \(operation) $v)))
            """
    }

    /// The column of a field that is the document's own.
    private static func documentColumn(_ field: String) -> String? {
        switch field {
        case MetadataPredicate.ofDocument("id"): "d.id"
        case MetadataPredicate.ofDocument("title"): "d.title"
        default: nil
        }
    }

    private static func names(of field: String) -> [String] {
        field.split(
            separator: MetadataPredicate.pathSeparator, omittingEmptySubsequences: false
        ).map(String.init)
    }

    private mutating func bind(_ value: PostgresValue) -> String {
        if let number = numbers[value] { return "$\(number)" }
        parameters.append(value)
        numbers[value] = parameters.count
        return "$\(parameters.count)"
    }
}

extension MetadataPredicate {
    fileprivate var fieldOrColumn: String? {
        switch self {
        case .text(let field, _), .date(let field, _, _): field
        default: nil
        }
    }
}

extension MetadataPredicate.Value {
    fileprivate var text: String? { if case .text(let text) = self { text } else { nil } }

    /// As JSON; true is 1 and false is 0.
    fileprivate var json: String {
        switch self {
        case .text(let text): JSONValue.string(text).jsonText
        case .integer(let integer): "\(integer)"
        case .boolean(let flag): flag ? "1" : "0"
        // Greater than any that JSON's readers tell apart.
        case .real(let real): real.isInfinite ? (real < 0 ? "-1e1000" : "1e1000") : "\(real)"
        }
    }

    /// The JSON values that are equal to this.
    fileprivate var equalJSON: [String] {
        let isOne = self == .boolean(true) || self == .integer(1) || self == .real(1)
        let isZero = self == .boolean(false) || self == .integer(0) || self == .real(0)
        return [json] + (isOne ? ["true"] : isZero ? ["false"] : [])
    }
}
