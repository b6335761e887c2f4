import TextBytes

/// A condition on a document's metadata, id and title.
///
/// A field has a list of values: none if it is missing or null, one if it is a string, number or
/// boolean, and its scalar elements if it is an array. An object counts as having none, but it is not
/// null. A comparison holds if *some* value satisfies it, so `tag = 'a'` finds the documents whose
/// array `tag` contains `a`; `!=` holds if there are values and *none* is equal.
///
/// - Numbers are compared with numbers and text with text; between the two nothing holds, except
///   that `!=` does. `true` is the number 1 and `false` is 0. Text is compared byte by byte.
/// - The logic is SQL's, with three values: a comparison, IN or LIKE of a field without values is
///   unknown, and so is its NOT; AND and OR are unknown if an unknown part could decide them. A
///   document matches if the whole is true. Whether a field is null, and whether it is true, is
///   always known.
/// - A field inside an object is named by its path, with ``pathSeparator`` between the names.
/// - LIKE matches text only: `%` is any run of characters, `_` one; ASCII letters match in either
///   case.
/// - The document's id and title are fields with names of their own (``ofDocument(_:)``). An empty
///   title counts as missing.
package indirect enum MetadataPredicate: Sendable, Equatable {
    case comparison(field: String, Operator, Value)
    case isIn(field: String, [Value])
    case like(field: String, pattern: String)
    case text(field: String, TextTest)
    /// Some value is a text that holds a date, and its first moment compares so with the range: `=` if
    /// it is in it, `<` if it is before its start, `>` if it is not before its end.
    case date(field: String, Operator, DateText.Range)
    /// Missing, or JSON's null.
    case isNull(field: String)
    case isNotNull(field: String)
    /// Some value is true or a number other than 0; false without values.
    case isTrue(field: String)
    /// True if the list is empty.
    case and([MetadataPredicate])
    /// False if the list is empty.
    case or([MetadataPredicate])
    case not(MetadataPredicate)

    /// Separates the names in a path. It cannot be part of a name in a path.
    package static let pathSeparator: Character = "\u{1F}"

    /// Whether a name can be part of a path: SQLite's paths have no escapes.
    package static func canBeInPath(_ name: some StringProtocol) -> Bool {
        !name.isEmpty && name.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x22 && $0 != 0x5c }
    }

    /// The name of the document's own `id` or `title`.
    package static func ofDocument(_ name: String) -> String { String(pathSeparator) + name }

    /// A text in lower case, for the tests that ignore case.
    package static func folded(_ text: String) -> String { text.lowercased() }

    /// A test of a text beyond plain LIKE.
    package enum TextTest: Sendable, Equatable {
        /// LIKE with a character after which the next one stands for itself.
        case like(pattern: String, escape: Character)
        /// LIKE in which all letters match in either case.
        case likeInAnyCase(pattern: String, escape: Character?)
        /// The text is contained, in either case.
        case contains(String)
    }

    package enum Operator: String, Sendable, CaseIterable {
        case equal = "="
        case notEqual = "!="
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
    }

    package enum Value: Sendable, Equatable {
        case text(String)
        case integer(Int64)
        case real(Double)
        case boolean(Bool)
    }
}

extension MetadataPredicate {
    /// The metadata fields that the predicate names, each once, in their order.
    package var fields: [String] {
        var found: [String] = []
        func add(_ predicate: MetadataPredicate) {
            switch predicate {
            case .comparison(let field, _, _), .isIn(let field, _), .like(let field, _),
                .text(let field, _), .date(let field, _, _), .isNull(let field),
                .isNotNull(let field), .isTrue(let field):
                if field.first != Self.pathSeparator,
                    !found.contains(where: { $0.hasSameBytes(as: field) })
                {
                    found.append(field)
                }
            case .and(let parts), .or(let parts): parts.forEach(add)
            case .not(let part): add(part)
            }
        }
        add(self)
        return found
    }
}
