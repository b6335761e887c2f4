import JSON
import ModelContextProtocol
import Testing

/// What is sent of a schema, and what it accepts.
struct SchemaTests {
    private let schema = Schema.object(
        .required("name", Schema(.text, "The name.")),
        .optional("count", Schema(.integer(1...50), default: 8)),
        .optional("mode", Schema(.choice(["a", "b"]))),
        .optional(
            "items",
            .array(
                of: .object(
                    .required("text", Schema(.string)), .optional("fields", Schema(.anyObject))),
                most: 2, least: 1)),
        .optional("next", Schema(.nullable(.count()))),
        .optional("score", Schema(.number)), .optional("flag", Schema(.boolean)),
        .optional("values", .array(of: Schema(.scalar))))

    @Test func asJSON() throws {
        let items: JSONValue = [
            "type": "array", "minItems": 1, "maxItems": 2,
            "items": [
                "type": "object",
                "properties": ["text": ["type": "string"], "fields": ["type": "object"]],
                "required": ["text"], "additionalProperties": false,
            ],
        ]
        #expect(
            try JSONValue(parsing: schema.json.bytes) == [
                "type": "object", "required": ["name"], "additionalProperties": false,
                "properties": [
                    "name": ["type": "string", "minLength": 1, "description": "The name."],
                    "count": ["type": "integer", "minimum": 1, "maximum": 50, "default": 8],
                    "mode": ["type": "string", "enum": ["a", "b"]], "items": items,
                    "next": ["anyOf": [["type": "integer", "minimum": 0], ["type": "null"]]],
                    "score": ["type": "number"], "flag": ["type": "boolean"],
                    "values": [
                        "type": "array", "items": ["type": ["string", "number", "boolean"]],
                    ],
                ],
            ])
        // In the order in which they were written, which is the order of their importance.
        let text = schema.json.text
        let places = ["name", "count", "mode", "items"].map { text.range(of: "\"\($0)\":{") }
        #expect(places.allSatisfy { $0 != nil })
        #expect(
            places.map { $0?.lowerBound ?? text.endIndex }
                == places.map { $0?.lowerBound ?? text.endIndex }.sorted())
    }

    @Test(
        arguments: [
            ["name": "x"], ["name": "x", "count": 50, "mode": "b", "score": 1, "flag": false],
            ["name": "x", "count": 8.0, "next": .null, "values": ["a", 1, 2.5, true]],
            ["name": "x", "count": .null, "items": .null, "next": 3],
            ["name": "x", "items": [["text": "", "fields": ["any": ["thing": [1, .null]]]]]],
        ] as [JSONValue])
    func accepts(value: JSONValue) throws { try schema.check(value) }

    @Test(
        arguments: [
            (3, "the value must be an object, not 3"), ([:], "'name' is missing"),
            (["name": ""], "'name' must be a string that is not empty, not \"\""),
            (["name": .null], "'name' must be a string that is not empty, not null"),
            (["name": "a\0b"], "'name' has a NUL character"),
            (["name": "x", "count": 0], "'count' must be an integer from 1 to 50, not 0"),
            (["name": "x", "count": "8"], "'count' must be an integer from 1 to 50, not \"8\""),
            (["name": "x", "count": 1.5], "'count' must be an integer from 1 to 50, not 1.5"),
            (["name": "x", "count": 1e300], "'count' must be an integer from 1 to 50, not 1e+300"),
            (["name": "x", "mode": "c"], "'mode' must be one of a, b, not \"c\""),
            (["name": "x", "items": []], "'items' must be an array of at least 1, not 0"),
            (
                ["name": "x", "items": [["text": "a"], ["text": "b"], ["text": "c"]]],
                "'items' must be an array of at most 2, not 3"
            ),
            (
                ["name": "x", "items": [["text": "a"], ["txt": "b"]]],
                "'items[1].txt' is unknown; there are text, fields"
            ),
            (["name": "x", "items": [["text": 1]]], "'items[0].text' must be a string, not 1"),
            (
                ["name": "x", "items": [["text": "a", "fields": ["x": ["\0"]]]]],
                "'items[0].fields.x' has a NUL character"
            ),
            (["name": "x", "next": -1], "'next' must be an integer of at least 0, not -1"),
            (["name": "x", "flag": 1], "'flag' must be true or false, not 1"),
            (["name": "x", "score": "1"], "'score' must be a number, not \"1\""),
            (
                ["name": "x", "values": [[1]]],
                "'values[0]' must be a string, a number or a boolean, not an array"
            ),
        ] as [(JSONValue, String)])
    func refuses(value: JSONValue, message: String) {
        #expect(throws: SchemaViolation.self) { try schema.check(value) }
        do { try schema.check(value) } catch { #expect("\(error)" == message) }
    }
}
