import JSON

/// The id of a request: a string or a number, which the answer repeats.
package struct RequestIdentifier: Hashable, Sendable {
    let value: JSONValue

    /// `nil` if a value cannot be an id.
    package init?(_ value: JSONValue) {
        switch value {
        case .string, .integer, .largeInteger, .number: self.value = value
        case .null, .bool, .array, .object: return nil
        }
    }
}
