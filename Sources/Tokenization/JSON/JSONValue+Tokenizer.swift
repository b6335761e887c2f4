import JSON

/// Access to the fields of a stage, with the format's defaults and errors that name the field. null
/// counts as missing.
extension JSONValue {
    /// The member of that name; nil if there is none or it is null.
    func field(_ name: String) -> JSONValue? {
        let value = self[name]
        return value == .null ? nil : value
    }

    func bool(_ name: String, default value: Bool, in context: String) throws(TokenizerError)
        -> Bool
    {
        guard let found = field(name) else { return value }
        guard let bool = found.boolValue else {
            throw .badField("\(context).\(name)", expected: "true or false")
        }
        return bool
    }

    func string(_ name: String, in context: String) throws(TokenizerError) -> String {
        guard let found = field(name) else { throw .missingField("\(context).\(name)") }
        guard let string = found.stringValue else {
            throw .badField("\(context).\(name)", expected: "a string")
        }
        return string
    }

    func optionalString(_ name: String, in context: String) throws(TokenizerError) -> String? {
        field(name) == nil ? nil : try string(name, in: context)
    }

    func count(_ name: String, in context: String) throws(TokenizerError) -> Int {
        guard let found = field(name) else { throw .missingField("\(context).\(name)") }
        guard let integer = found.integerValue, integer >= 0 else {
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
        guard let found = field(name) else { throw .missingField("\(context).\(name)") }
        guard let array = found.arrayValue else {
            throw .badField("\(context).\(name)", expected: "an array")
        }
        return array
    }
}
