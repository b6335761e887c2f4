import JSON
import TextBytes

/// Why a value does not match a schema, and where.
package struct SchemaViolation: Error, Equatable {
    /// The place of the value: `documents[2].text`; empty for the whole value.
    package let path: String
    package let fault: Fault

    package enum Fault: Equatable, Sendable {
        /// The value has another type or is out of range. Both are noun phrases.
        case mismatch(expected: String, found: String)
        case missing
        /// There is no such member; those that there are.
        case unknown(known: [String])
        /// A text that no document can have.
        case nullCharacter
    }
}

extension SchemaViolation: CustomStringConvertible {
    /// `'k' must be an integer from 1 to 50, not 99`.
    package var description: String {
        let subject = path.isEmpty ? "the value" : "'\(path)'"
        switch fault {
        case .mismatch(let expected, let found):
            return "\(subject) must be \(expected), not \(found)"
        case .missing: return "\(subject) is missing"
        case .unknown(let known):
            return "\(subject) is unknown; there are \(known.joined(separator: ", "))"
        case .nullCharacter: return "\(subject) has a NUL character"
        }
    }
}

extension Schema {
    /// Checks that a value matches.
    package func check(_ value: JSONValue, at path: String = "") throws(SchemaViolation) {
        func mismatch(_ expected: String) -> SchemaViolation {
            SchemaViolation(
                path: path, fault: .mismatch(expected: expected, found: value.shortDescription))
        }
        switch kind {
        case .string:
            guard let text = value.stringValue else { throw mismatch("a string") }
            try Self.checkText(text, at: path)
        case .text:
            guard let text = value.stringValue, !text.isEmpty else {
                throw mismatch("a string that is not empty")
            }
            try Self.checkText(text, at: path)
        case .choice(let values):
            guard let text = value.stringValue,
                values.contains(where: { $0.hasSameBytes(as: text) })
            else { throw mismatch("one of " + values.joined(separator: ", ")) }
        case .integer(let range):
            guard let number = value.integerValue, range.contains(number) else {
                throw mismatch(
                    range.upperBound == .max
                        ? "an integer of at least \(range.lowerBound)"
                        : "an integer from \(range.lowerBound) to \(range.upperBound)")
            }
        case .number: if value.doubleValue == nil { throw mismatch("a number") }
        case .boolean: if value.boolValue == nil { throw mismatch("true or false") }
        case .array(let element, let count):
            guard let values = value.arrayValue else { throw mismatch("an array") }
            guard count.contains(values.count) else {
                throw SchemaViolation(
                    path: path,
                    fault: .mismatch(
                        expected: values.count < count.lowerBound
                            ? "an array of at least \(count.lowerBound)"
                            : "an array of at most \(count.upperBound)", found: "\(values.count)"))
            }
            for (index, value) in values.enumerated() {
                try element.check(value, at: "\(path)[\(index)]")
            }
        case .object(let members):
            guard let object = value.objectValue else { throw mismatch("an object") }
            try Self.check(object, members, at: path)
        case .anyObject:
            guard value.objectValue != nil else { throw mismatch("an object") }
            try Self.checkTexts(in: value, at: path)
        case .scalar:
            guard value.stringValue != nil || value.doubleValue != nil || value.boolValue != nil
            else { throw mismatch("a string, a number or a boolean") }
        case .nullable(let schema): if value != .null { try schema.check(value, at: path) }
        }
    }

    private static func check(
        _ object: JSONObject, _ members: [Member], at path: String
    ) throws(SchemaViolation) {
        func place(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }
        for name in object.keys where !members.contains(where: { $0.name.hasSameBytes(as: name) }) {
            throw SchemaViolation(
                path: place(name), fault: .unknown(known: members.map(\.name)))
        }
        for member in members {
            let value = object[member.name]
            if member.isRequired {
                guard let value else {
                    throw SchemaViolation(path: place(member.name), fault: .missing)
                }
                try member.schema.check(value, at: place(member.name))
            } else if let value, value != .null {
                // Language models write null for what they leave out.
                try member.schema.check(value, at: place(member.name))
            }
        }
    }

    private static func checkText(_ text: String, at path: String) throws(SchemaViolation) {
        if text.utf8.contains(0) { throw SchemaViolation(path: path, fault: .nullCharacter) }
    }

    private static func checkTexts(in value: JSONValue, at path: String) throws(SchemaViolation) {
        switch value {
        case .string(let text): try checkText(text, at: path)
        case .array(let values): for value in values { try checkTexts(in: value, at: path) }
        case .object(let members):
            for (key, value) in members {
                try checkText(key, at: path)
                try checkTexts(in: value, at: "\(path).\(key)")
            }
        case .null, .bool, .integer, .largeInteger, .number: break
        }
    }
}

extension JSONValue {
    /// The value, or only its kind if it is long.
    fileprivate var shortDescription: String {
        switch self {
        case .array: return "an array"
        case .object: return "an object"
        case .string(let text) where text.utf8.count > 40: return "a string"
        default: return jsonText
        }
    }
}
