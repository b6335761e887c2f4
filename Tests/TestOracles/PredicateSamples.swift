import Storage
import TestSupport

/// Random predicates, for tests of what evaluates them.
package enum PredicateSamples {
    /// Names that a path, SQL or JSON might trip over.
    package static let fields = [
        "a", "year", "with space", "dotted.name", "quo\"te", "back\\slash", "é", "a[0]", "$", "'",
        "",
        "tab\tname", "; DROP TABLE document",
    ]
    package static let texts = [
        "", "a", "A", "b", "aa", "é", "a%", "it's", "1", "2", "x\"y", "É", "2020-05-01", "2021",
    ]

    /// A value that fields may have.
    package static func value(_ generator: inout RandomSource) -> MetadataPredicate.Value {
        switch Int.random(in: 0..<5, using: &generator) {
        case 0: .boolean(.random(using: &generator))
        case 1: .integer(Int64.random(in: -2...3, using: &generator))
        case 2: .real([0.5, 1.0, -2.0, 1e300, 0.1 + 0.2].randomElement(using: &generator) ?? 0)
        default: .text(texts.randomElement(using: &generator) ?? "")
        }
    }

    /// A predicate over the fields, up to four levels deep.
    package static func predicate(_ generator: inout RandomSource, depth: Int = 0)
        -> MetadataPredicate
    {
        let field = fields.randomElement(using: &generator) ?? ""
        switch Int.random(in: 0..<(depth < 3 ? 11 : 7), using: &generator) {
        case 0, 1, 2:
            let operation = MetadataPredicate.Operator.allCases.randomElement(using: &generator)
            return .comparison(field: field, operation ?? .equal, value(&generator))
        case 3:
            let count = Int.random(in: 0...3, using: &generator)
            return .isIn(field: field, (0..<count).map { _ in value(&generator) })
        case 4:
            let pattern = ["a", "%", "_", "a%", "%\"%", "É", ""].randomElement(using: &generator)
            return .like(field: field, pattern: pattern ?? "")
        case 5 where .random(using: &generator):
            switch Int.random(in: 0..<3, using: &generator) {
            case 0:
                let part = ["a", "É", "'", "%", ""].randomElement(using: &generator)
                return .text(field: field, .contains(part ?? ""))
            case 1:
                let pattern = ["A", "é", "%É%", "_", "A%"].randomElement(using: &generator)
                return .text(
                    field: field, .likeInAnyCase(pattern: pattern ?? "", escape: nil))
            default:
                let operation = MetadataPredicate.Operator.allCases.randomElement(
                    using: &generator)
                let text = ["2020", "2020-05", "2021-01-01"].randomElement(using: &generator)
                let range = DateText.range(of: text ?? "") ?? .init(start: 0, end: 1)
                return .date(field: field, operation ?? .equal, range)
            }
        case 5: return .random(using: &generator) ? .isNull(field: field) : .isNotNull(field: field)
        case 6: return .isTrue(field: field)
        case 7: return .not(predicate(&generator, depth: depth + 1))
        case 8:
            // Many comparisons of one field, which are folded or share its value.
            let parts = (0..<Int.random(in: 2...8, using: &generator)).map { _ in
                let operation = MetadataPredicate.Operator.allCases.randomElement(
                    using: &generator)
                let part = MetadataPredicate.comparison(
                    field: field, .random(using: &generator) ? .equal : operation ?? .less,
                    value(&generator))
                return .random(using: &generator) ? part : .not(part)
            }
            return .random(using: &generator) ? .and(parts) : .or(parts)
        default:
            let count = Int.random(in: 0...3, using: &generator)
            let parts = (0..<count).map { _ in predicate(&generator, depth: depth + 1) }
            return .random(using: &generator) ? .and(parts) : .or(parts)
        }
    }
}
