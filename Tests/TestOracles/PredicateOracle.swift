import DocumentStore
import VectorDatabase

/// What a metadata predicate means, by definition: the truth that SQL is compared with.
package enum PredicateOracle {
    /// Whether a document with these metadata and this id, and no title, matches.
    package static func holds(
        _ predicate: MetadataPredicate, for metadata: JSONObject, id: String? = nil
    ) -> Bool { truth(of: predicate, for: metadata, id: id) == true }

    /// By Kleene's logic: a comparison of a field without values is unknown, `nil`.
    package static func truth(
        of predicate: MetadataPredicate, for metadata: JSONObject, id: String? = nil
    ) -> Bool? {
        switch predicate {
        case .and(let parts):
            let truths = parts.map { truth(of: $0, for: metadata, id: id) }
            return truths.contains(false) ? false : truths.contains(nil) ? nil : true
        case .or(let parts):
            let truths = parts.map { truth(of: $0, for: metadata, id: id) }
            return truths.contains(true) ? true : truths.contains(nil) ? nil : false
        case .not(let part): return truth(of: part, for: metadata, id: id).map { !$0 }
        case .comparison(let field, _, _), .isIn(let field, _), .like(let field, _),
            .text(let field, _), .date(let field, _, _):
            return values(of: field, in: metadata, id).isEmpty
                ? nil : isSatisfied(predicate, by: metadata, id)
        default: return isSatisfied(predicate, by: metadata, id)
        }
    }

    /// A comparison by itself.
    private static func isSatisfied(
        _ predicate: MetadataPredicate, by metadata: JSONObject, _ id: String?
    ) -> Bool {
        switch predicate {
        case .and, .or, .not: return false
        case .isNull(let field): return !isPresent(field, in: metadata, id)
        case .isNotNull(let field): return isPresent(field, in: metadata, id)
        case .isTrue(let field):
            return values(of: field, in: metadata, id).contains { $0 != .integer(0) && !$0.isText }
        case .comparison(let field, .notEqual, let value):
            let found = values(of: field, in: metadata, id)
            return !found.isEmpty && !found.contains { compare($0, value) == .equal }
        case .comparison(let field, let operation, let value):
            return values(of: field, in: metadata, id).contains { found in
                guard let order = compare(found, value) else { return false }
                return switch operation {
                case .equal: order == .equal
                case .notEqual: order != .equal
                case .less: order == .less
                case .lessOrEqual: order != .greater
                case .greater: order == .greater
                case .greaterOrEqual: order != .less
                }
            }
        case .isIn(let field, let wanted):
            return values(of: field, in: metadata, id).contains { found in
                wanted.contains { compare(found, $0) == .equal }
            }
        case .text(let field, let test):
            return values(of: field, in: metadata, id).contains { found in
                guard case .text(let text) = found else { return false }
                return passes(text, test)
            }
        case .date(let field, .notEqual, let range):
            let found = values(of: field, in: metadata, id)
            return !found.isEmpty && !found.contains { isDate($0, .equal, range) }
        case .date(let field, let operation, let range):
            return values(of: field, in: metadata, id).contains { isDate($0, operation, range) }
        case .like(let field, let pattern):
            return values(of: field, in: metadata, id).contains { found in
                guard case .text(let text) = found else { return false }
                return matches(text, pattern, escape: nil)
            }
        }
    }

    private static func passes(_ text: String, _ test: MetadataPredicate.TextTest) -> Bool {
        switch test {
        case .like(let pattern, let escape): matches(text, pattern, escape: escape)
        case .likeInAnyCase(let pattern, let escape):
            matches(
                text.lowercased(), pattern.lowercased(),
                escape: escape.map { Character($0.lowercased()) })
        case .contains(let part):
            // By bytes, as SQLite searches.
            contains(Array(text.lowercased().utf8), Array(part.lowercased().utf8))
        }
    }

    private static func contains(_ text: [UInt8], _ part: [UInt8]) -> Bool {
        part.count <= text.count
            && (0...(text.count - part.count)).contains { text[$0...].starts(with: part) }
    }

    private static func isDate(
        _ found: Scalar, _ operation: MetadataPredicate.Operator, _ range: DateText.Range
    ) -> Bool {
        guard case .text(let text) = found, let moment = DateText.range(of: text)?.start else {
            return false
        }
        return switch operation {
        case .equal: range.start <= moment && moment < range.end
        case .notEqual: moment < range.start || range.end <= moment
        case .less: moment < range.start
        case .lessOrEqual: moment < range.end
        case .greater: range.end <= moment
        case .greaterOrEqual: range.start <= moment
        }
    }

    /// A character of a pattern.
    private enum Wildcard: Equatable {
        case any, one
        case scalar(Unicode.Scalar)
    }

    /// - Parameter escape: the character after which the next one stands for itself. A pattern that ends
    ///   in it matches nothing.
    private static func matches(_ text: String, _ pattern: String, escape: Character?) -> Bool {
        var wanted: [Wildcard] = []
        var scalars = Array(pattern.unicodeScalars)[...]
        while let scalar = scalars.popFirst() {
            if Character(scalar) == escape {
                guard let next = scalars.popFirst() else { return false }
                wanted.append(.scalar(next))
            } else {
                wanted.append(scalar == "%" ? .any : scalar == "_" ? .one : .scalar(scalar))
            }
        }
        return matches(Array(text.unicodeScalars)[...], wanted[...])
    }

    private enum Order { case less, equal, greater }

    /// Text, or a number.
    private enum Scalar: Equatable {
        case text(String)
        case integer(Int64)
        case real(Double)

        var isText: Bool { if case .text = self { true } else { false } }

        static func == (a: Scalar, b: Scalar) -> Bool { PredicateOracle.order(a, b) == .equal }

        init?(_ value: JSONValue) {
            switch value {
            case .string(let text): self = .text(text)
            case .integer(let integer): self = .integer(integer)
            case .number(let real): self = .real(real)
            case .bool(let flag): self = .integer(flag ? 1 : 0)
            case .largeInteger(let integer): self = .real(integer.doubleValue)
            case .null, .array, .object: return nil
            }
        }
    }

    private static func isPresent(
        _ field: String, in metadata: JSONObject, _ id: String?
    ) -> Bool {
        member(field, of: metadata, id).map { $0 != .null } ?? false
    }

    private static func member(
        _ field: String, of metadata: JSONObject, _ id: String?
    ) -> JSONValue? {
        if field == MetadataPredicate.ofDocument("id") { return id.map { .string($0) } }
        if field == MetadataPredicate.ofDocument("title") { return nil }
        var value: JSONValue? = .object(metadata)
        for name in field.split(
            separator: MetadataPredicate.pathSeparator, omittingEmptySubsequences: false)
        {
            guard case .object(let members)? = value else { return nil }
            value = members[String(name)]
        }
        return value
    }

    private static func values(
        of field: String, in metadata: JSONObject, _ id: String?
    ) -> [Scalar] {
        switch member(field, of: metadata, id) {
        case nil: []
        case .array(let elements)?: elements.compactMap { Scalar($0) }
        case let value?: Scalar(value).map { [$0] } ?? []
        }
    }

    private static func compare(_ found: Scalar, _ value: MetadataPredicate.Value) -> Order? {
        let wanted: Scalar =
            switch value {
            case .text(let text): .text(text)
            case .integer(let integer): .integer(integer)
            case .real(let real): .real(real)
            case .boolean(let flag): .integer(flag ? 1 : 0)
            }
        return order(found, wanted)
    }

    /// `nil` between a number and a text.
    private static func order(_ a: Scalar, _ b: Scalar) -> Order? {
        switch (a, b) {
        case (.text(let a), .text(let b)):
            let (a, b) = (Array(a.utf8), Array(b.utf8))
            return a == b ? .equal : a.lexicographicallyPrecedes(b) ? .less : .greater
        case (.text, _), (_, .text): return nil
        case (.integer(let a), .integer(let b)): return a == b ? .equal : a < b ? .less : .greater
        case (.real(let a), .real(let b)): return a == b ? .equal : a < b ? .less : .greater
        case (.integer(let a), .real(let b)): return order(a, b)
        case (.real(let a), .integer(let b)):
            return switch order(b, a) {
            case .less: .greater
            case .greater: .less
            case .equal: .equal
            }
        }
    }

    /// Exact: an integer of 64 bits has more digits than a double.
    private static func order(_ a: Int64, _ b: Double) -> Order {
        if b >= 0x1p63 { return .less }
        if b < -0x1p63 { return .greater }
        let whole = Int64(b.rounded(.towardZero))
        if a != whole { return a < whole ? .less : .greater }
        let rest = b - b.rounded(.towardZero)
        return rest == 0 ? .equal : rest > 0 ? .less : .greater
    }

    /// SQL's LIKE: `%` is any run of characters, `_` one; ASCII letters match in either case.
    private static func matches(
        _ text: ArraySlice<Unicode.Scalar>, _ pattern: ArraySlice<Wildcard>
    ) -> Bool {
        // The usual backtracking to the last % alone: quadratic at worst.
        var (text, pattern) = (text, pattern)
        var retry: (text: ArraySlice<Unicode.Scalar>, pattern: ArraySlice<Wildcard>)?
        while true {
            if let wanted = pattern.first {
                if wanted == .any {
                    pattern = pattern.dropFirst()
                    retry = (text, pattern)
                    continue
                }
                if let found = text.first, isOne(found, wanted) {
                    text = text.dropFirst()
                    pattern = pattern.dropFirst()
                    continue
                }
            } else if text.isEmpty {
                return true
            }
            guard let last = retry, !last.text.isEmpty else { return false }
            text = last.text.dropFirst()
            pattern = last.pattern
            retry = (text, pattern)
        }
    }

    private static func isOne(_ found: Unicode.Scalar, _ wanted: Wildcard) -> Bool {
        switch wanted {
        case .any: false
        case .one: true
        case .scalar(let scalar): fold(found) == fold(scalar)
        }
    }

    private static func fold(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        ("A"..."Z").contains(scalar) ? Unicode.Scalar(UInt8(scalar.value) + 32) : scalar
    }
}
