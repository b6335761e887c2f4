import TextBytes

/// A predicate with its negations at the comparisons and nested lists of one kind joined, so that it is
/// flat, and two values of truth are enough: a comparison, negated or not, counts as false if it is
/// unknown, and above are only AND and OR, which are true exactly if they are true with unknown parts
/// counted as false.
package indirect enum NormalizedPredicate: Sendable {
    /// "It is true" or, negated, "it is false"; both are false if the field has no values. An inequality is
    /// a negated equality.
    case comparison(MetadataPredicate, isNegated: Bool)
    /// Two or more parts, none of them a list of the same kind; or none at all.
    case list([NormalizedPredicate], isAnd: Bool)

    /// SQLite's default limits are 32,766 values and 1,000 levels of expressions.
    package static let termLimit = 20_000
    package static let depthLimit = 200

    /// - Throws: `predicateTooLarge`.
    package init(_ predicate: MetadataPredicate) throws(StoreError) {
        var terms = 0
        guard Self.fits(predicate, depth: 0, terms: &terms) else {
            throw .predicateTooLarge(terms: terms, limit: Self.termLimit)
        }
        self.init(unchecked: predicate)
    }

    /// For a part of a predicate that is not too large.
    package init(unchecked predicate: MetadataPredicate, isNegated: Bool = false) {
        switch predicate {
        case .not(let part): self.init(unchecked: part, isNegated: !isNegated)
        case .and(let parts), .or(let parts):
            let isAnd = if case .and = predicate { !isNegated } else { isNegated }
            let joined = parts.flatMap { part -> [NormalizedPredicate] in
                let tree = NormalizedPredicate(unchecked: part, isNegated: isNegated)
                if case .list(let inner, let kind) = tree, kind == isAnd { return inner }
                return [tree]
            }
            let folded = Self.fold(joined, isAnd: isAnd)
            self = folded.count == 1 ? folded[0] : .list(folded, isAnd: isAnd)
        case .comparison(let field, .notEqual, let value):
            self = .comparison(.comparison(field: field, .equal, value), isNegated: !isNegated)
        case .date(let field, .notEqual, let range):
            self = .comparison(.date(field: field, .equal, range), isNegated: !isNegated)
        default: self = .comparison(predicate, isNegated: isNegated)
        }
    }

    /// How often each field is compared; a negated comparison looks at it twice.
    package var comparisons: [Identifier: Int] {
        switch self {
        case .comparison(let comparison, let isNegated):
            comparison.field.map { [Identifier($0): isNegated ? 2 : 1] } ?? [:]
        case .list(let parts, _):
            parts.reduce(into: [:]) { $0.merge($1.comparisons, uniquingKeysWith: +) }
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

    /// Folds equalities of one field joined by OR into one IN, and inequalities joined by AND into
    /// one NOT IN, in the place of the first.
    private static func fold(_ parts: [NormalizedPredicate], isAnd: Bool) -> [NormalizedPredicate] {
        var folded: [NormalizedPredicate] = []
        var places: [Identifier: Int] = [:]
        for part in parts {
            guard case .comparison(let leaf, let isNegated) = part, isNegated == isAnd,
                let (field, values) = leaf.equality
            else {
                folded.append(part)
                continue
            }
            guard let place = places[Identifier(field)] else {
                places[Identifier(field)] = folded.count
                folded.append(part)
                continue
            }
            if case .comparison(let first, _) = folded[place], let known = first.equality {
                folded[place] = .comparison(
                    .isIn(field: field, known.values + values), isNegated: isAnd)
            }
        }
        return folded
    }
}

extension MetadataPredicate {
    /// The field that is compared.
    fileprivate var field: String? {
        switch self {
        case .comparison(let field, _, _), .isIn(let field, _), .like(let field, _),
            .text(let field, _), .date(let field, _, _), .isNull(let field),
            .isNotNull(let field), .isTrue(let field):
            field
        case .and, .or, .not: nil
        }
    }

    /// If the predicate is an equality, the field and the values one of which it must equal.
    package var equality: (field: String, values: [Value])? {
        switch self {
        case .comparison(let field, .equal, let value): (field, [value])
        case .isIn(let field, let values): (field, values)
        default: nil
        }
    }
}
