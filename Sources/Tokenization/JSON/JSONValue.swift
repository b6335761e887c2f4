import FileFormat
import Foundation

/// A JSON value of the small parts of a tokenizer's files (the vocabulary and the merges are read
/// straight into their tables). Objects keep the order of the file.
enum JSONValue: Equatable, Sendable {
    case null
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([Member])

    struct Member: Equatable, Sendable {
        let name: String
        let value: JSONValue
    }

    /// The member of that name (the last where a file repeats it), nil where there is none or it
    /// is null.
    subscript(_ name: String) -> JSONValue? {
        guard case .object(let members) = self,
            let value = members.last(where: { $0.name.utf8.elementsEqual(name.utf8) })?.value,
            value != .null
        else { return nil }
        return value
    }

    var string: String? { if case .string(let value) = self { value } else { nil } }
    var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    var integer: Int? { if case .integer(let value) = self { value } else { nil } }
    var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
    var members: [Member]? { if case .object(let value) = self { value } else { nil } }
}

extension JSONValue {
    init(_ reader: inout JSONReader) throws(JSONReader.Failure) {
        switch try reader.kind() {
        case .null:
            try reader.null()
            self = .null
        case .bool: self = .bool(try reader.bool())
        case .number:
            let number = try reader.number()
            self = number.integer.map { .integer(Int($0)) } ?? .number(number.double)
        case .string: self = .string(try reader.string())
        case .array:
            var elements: [JSONValue] = []
            try reader.enterArray()
            while try reader.nextElement() { elements.append(try JSONValue(&reader)) }
            self = .array(elements)
        case .object:
            var members: [Member] = []
            try reader.enterObject()
            while let name = try reader.nextKey() {
                members.append(.init(name: name, value: try JSONValue(&reader)))
            }
            self = .object(members)
        }
    }
}

extension JSONValue {
    /// Parses JSON that this module itself wrote.
    init(parsing text: String) throws(TokenizerError) {
        self = try JSONReader.read(Data(text.utf8), file: TokenizerFile.name) { reader in
            let value = try JSONValue(&reader)
            try reader.end()
            return value
        }
    }
}

/// Fields of a stage, read with the default that the format defines and an error naming the field.
extension JSONValue {
    func bool(_ name: String, default value: Bool, in context: String) throws(TokenizerError)
        -> Bool
    {
        guard let found = self[name] else { return value }
        guard let bool = found.bool else {
            throw .badField("\(context).\(name)", expected: "true or false")
        }
        return bool
    }

    func string(_ name: String, in context: String) throws(TokenizerError) -> String {
        guard let found = self[name] else { throw .missingField("\(context).\(name)") }
        guard let string = found.string else {
            throw .badField("\(context).\(name)", expected: "a string")
        }
        return string
    }

    func optionalString(_ name: String, in context: String) throws(TokenizerError) -> String? {
        self[name] == nil ? nil : try string(name, in: context)
    }

    func count(_ name: String, in context: String) throws(TokenizerError) -> Int {
        guard let found = self[name] else { throw .missingField("\(context).\(name)") }
        guard let integer = found.integer, integer >= 0 else {
            throw .badField("\(context).\(name)", expected: "a number that is not negative")
        }
        return integer
    }

    /// A string of exactly one Unicode scalar.
    func scalar(_ name: String, in context: String) throws(TokenizerError) -> Unicode.Scalar {
        let text = try string(name, in: context)
        guard let scalar = text.unicodeScalars.first, text.unicodeScalars.count == 1 else {
            throw .badField("\(context).\(name)", expected: "one character")
        }
        return scalar
    }

    func elements(_ name: String, in context: String) throws(TokenizerError) -> [JSONValue] {
        guard let found = self[name] else { throw .missingField("\(context).\(name)") }
        guard let array = found.array else {
            throw .badField("\(context).\(name)", expected: "an array")
        }
        return array
    }
}
