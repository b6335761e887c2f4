import DocumentStore
import Testing
import VectorDatabase

@Suite struct FilterTests {
    private func predicate(_ expression: String) throws -> MetadataPredicate {
        try Filter(expression).predicate
    }

    @Test func theExampleOfTheContract() throws {
        #expect(
            try predicate("lang = 'en' AND year >= 2020 AND tag IN ('a','b') AND NOT draft")
                == .and([
                    .comparison(field: "lang", .equal, .text("en")),
                    .comparison(field: "year", .greaterOrEqual, .integer(2020)),
                    .isIn(field: "tag", [.text("a"), .text("b")]),
                    .not(.isTrue(field: "draft")),
                ]))
    }

    @Test func comparisons() throws {
        let operators: [(String, MetadataPredicate.Operator)] = [
            ("=", .equal), ("==", .equal), ("!=", .notEqual), ("<>", .notEqual), ("<", .less),
            ("<=", .lessOrEqual), (">", .greater), (">=", .greaterOrEqual),
        ]
        for (symbol, expected) in operators {
            #expect(try predicate("a\(symbol)1") == .comparison(field: "a", expected, .integer(1)))
        }
        #expect(try predicate("2020 <= year") == predicate("year >= 2020"))
        #expect(try predicate("'en' = lang") == predicate("lang = 'en'"))
        #expect(try predicate("a = -1.5e2") == .comparison(field: "a", .equal, .real(-150)))
        #expect(try predicate("a = true") == .comparison(field: "a", .equal, .boolean(true)))
        #expect(
            try predicate("a = 99999999999999999999.0")
                == .comparison(field: "a", .equal, .real(1e20)))
        // As a double, the number would equal its neighbors.
        #expect(throws: FilterError.self) { try predicate("a = 99999999999999999999") }
    }

    @Test func quotingAndNames() throws {
        #expect(try predicate("a = 'it''s'") == .comparison(field: "a", .equal, .text("it's")))
        #expect(
            try predicate("\"odd \"\"name\" = ''")
                == .comparison(field: "odd \"name", .equal, .text("")))
        #expect(
            try predicate("author.name = 'x'")
                == .comparison(field: "author\u{1F}name", .equal, .text("x")))
        #expect(
            try predicate("\"author.name\" = 'x'")
                == .comparison(field: "author.name", .equal, .text("x")))
        #expect(throws: FilterError.self) { try predicate("a.\"\\\" = 1") }
        #expect(try predicate("größe > 1") == .comparison(field: "größe", .greater, .integer(1)))
        #expect(try predicate("\"like\"") == .isTrue(field: "like"))
    }

    @Test func otherForms() throws {
        #expect(try predicate("a is null") == .isNull(field: "a"))
        #expect(try predicate("a Is Not Null") == .isNotNull(field: "a"))
        #expect(try predicate("a LIKE 'x%'") == .like(field: "a", pattern: "x%"))
        #expect(try predicate("a NOT LIKE 'x'") == .not(.like(field: "a", pattern: "x")))
        #expect(
            try predicate("a not in (1, 2)") == .not(.isIn(field: "a", [.integer(1), .integer(2)])))
        #expect(
            try predicate("a BETWEEN 1 AND 2 AND b")
                == .and([
                    .and([
                        .comparison(field: "a", .greaterOrEqual, .integer(1)),
                        .comparison(field: "a", .lessOrEqual, .integer(2)),
                    ]), .isTrue(field: "b"),
                ]))
        #expect(try predicate("TRUE") == .and([]))
        #expect(try predicate("false") == .or([]))
    }

    @Test func precedence() throws {
        let (a, b, c) = (
            MetadataPredicate.isTrue(field: "a"), MetadataPredicate.isTrue(field: "b"),
            MetadataPredicate.isTrue(field: "c")
        )
        #expect(try predicate("a OR b AND NOT c") == .or([a, .and([b, .not(c)])]))
        #expect(try predicate("(a OR b) AND c") == .and([.or([a, b]), c]))
        #expect(try predicate("NOT NOT (a)") == .not(.not(a)))
    }

    @Test(arguments: [
        ("", 1, "a field, NOT or '('", "the end"),
        ("a =", 4, "a number, TRUE, FALSE or text in single quotes", "the end"),
        ("a = \"en\"", 5, "a number, TRUE, FALSE or text in single quotes ('en')", "\"en\""),
        ("a = NULL", 5, "a value (a missing field is found by IS NULL)", "NULL"),
        ("a b", 3, "AND, OR or the end", "b"),
        ("(a", 3, "AND, OR or ')'", "the end"),
        ("a = 'x", 7, "the closing '", "the end"),
        ("a IN ()", 7, "a number, TRUE, FALSE or text in single quotes", ")"),
        ("a IN (1 2)", 9, "',' or ')'", "2"),
        ("a LIKE 5", 8, "a pattern in single quotes", "5"),
        ("a NOT 5", 7, "IN, LIKE, ILIKE, CONTAINS or BETWEEN", "5"),
        ("a IS 5", 6, "NULL or NOT NULL", "5"),
        ("5", 2, "a comparison such as '='", "the end"),
        ("a ! b", 3, "'!='", "'!'"),
        ("a = 1; DROP TABLE x", 6, "a field, value or operator", "';'"),
        ("a. = 1", 4, "a field's name after the dot", "="),
        ("a = 1e", 5, "a number", "'1e'"),
        ("a = 'x\0y'", 7, "no NUL character", "one"),
        ("é = 'ü' AND", 12, "a field, NOT or '('", "the end"),
    ])
    func faultsNameTheColumn(expression: String, column: Int, expected: String, found: String) {
        do throws(FilterError) {
            _ = try Filter(expression)
            Issue.record("'\(expression)' was taken")
        } catch {
            #expect(
                error.column == column && error.expected == expected && error.found == found,
                "\(error)")
        }
    }

    @Test func depthAndLengthAreBounded() throws {
        let deep = 10_000
        #expect(throws: FilterError.self) {
            try Filter(
                String(repeating: "(", count: deep) + "a" + String(repeating: ")", count: deep))
        }
        #expect(throws: FilterError.self) {
            try Filter(String(repeating: "NOT ", count: deep) + "a")
        }
        #expect(throws: FilterError.self) {
            try Filter("a = '" + String(repeating: "x", count: 70_000) + "'")
        }
        _ = try Filter(String(repeating: "(", count: 60) + "a" + String(repeating: ")", count: 60))
        _ = try Filter("a IN (" + (0..<5000).map(String.init).joined(separator: ",") + ")")
    }
}
