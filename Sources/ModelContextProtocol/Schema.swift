import JSON
import TextBytes

/// A JSON Schema (2020-12), of the few kinds that tools need: it is sent to clients, and it checks
/// the arguments that they send.
///
/// Objects are closed: a misspelled name is an error rather than ignored.
package struct Schema: Sendable {
    package let kind: Kind
    /// For the language model that fills in the value.
    package var description: String?
    /// The value that is meant if the member is left out.
    package var defaultValue: JSONValue?

    package indirect enum Kind: Sendable {
        case string
        /// A string that is not empty.
        case text
        /// One of these strings.
        case choice([String])
        case integer(ClosedRange<Int>)
        case number
        case boolean
        case array(of: Schema, count: ClosedRange<Int>)
        case object([Member])
        /// An object with any members.
        case anyObject
        /// A string, a number or a boolean.
        case scalar
        case nullable(Schema)
    }

    /// A member of an object.
    package struct Member: Sendable {
        let name: String
        let schema: Schema
        let isRequired: Bool
    }

    package init(_ kind: Kind, _ description: String? = nil, default value: JSONValue? = nil) {
        self.kind = kind
        self.description = description
        defaultValue = value
    }

    /// An object with these members.
    package static func object(_ members: Member..., description: String? = nil) -> Schema {
        Schema(.object(members), description)
    }

    /// An array of objects, strings and so on, of at most `most` elements.
    package static func array(
        of element: Schema, most: Int = .max, least: Int = 0, _ description: String? = nil
    ) -> Schema { Schema(.array(of: element, count: least...most), description) }

    /// A natural number, such as a count.
    package static func count(_ description: String? = nil) -> Schema {
        Schema(.integer(0...Int.max), description)
    }
}

extension Schema.Member {
    /// A member that must be there.
    package static func required(_ name: String, _ schema: Schema) -> Schema.Member {
        Schema.Member(name: name, schema: schema, isRequired: true)
    }

    /// A member that may be left out, or be null.
    package static func optional(_ name: String, _ schema: Schema) -> Schema.Member {
        Schema.Member(name: name, schema: schema, isRequired: false)
    }
}

// MARK: As JSON

extension Schema {
    /// The schema as clients read it.
    package var json: JSONWriter {
        var line = JSONWriter()
        write(to: &line)
        if let description { line.set("description", description) }
        if let defaultValue { line.set("default", defaultValue) }
        return line
    }

    private func write(to line: inout JSONWriter) {
        switch kind {
        case .string: line.set("type", "string")
        case .text:
            line.set("type", "string")
            line.set("minLength", 1)
        case .choice(let values):
            line.set("type", "string")
            line.set("enum", .array(values.map { .string($0) }))
        case .integer(let range):
            line.set("type", "integer")
            line.set("minimum", range.lowerBound)
            if range.upperBound != .max { line.set("maximum", range.upperBound) }
        case .number: line.set("type", "number")
        case .boolean: line.set("type", "boolean")
        case .array(let element, let count):
            line.set("type", "array")
            line.set("items", element.json)
            if count.lowerBound > 0 { line.set("minItems", count.lowerBound) }
            if count.upperBound != .max { line.set("maxItems", count.upperBound) }
        case .object(let members):
            line.set("type", "object")
            var properties = JSONWriter()
            for member in members { properties.set(member.name, member.schema.json) }
            line.set("properties", properties)
            let required = members.filter(\.isRequired).map { JSONValue.string($0.name) }
            if !required.isEmpty { line.set("required", .array(required)) }
            line.set("additionalProperties", false)
        case .anyObject: line.set("type", "object")
        case .scalar: line.set("type", ["string", "number", "boolean"])
        case .nullable(let schema):
            var null = JSONWriter()
            null.set("type", "null")
            line.set("anyOf", [schema.json, null])
        }
    }
}
