import Foundation
import JSON

extension JSONReader {
    /// Calls `body` with a reader of `data`, and converts its errors to the tokenizer's.
    static func read<Value>(
        _ data: Data, file: String, _ body: (inout JSONReader) throws -> Value
    ) throws(TokenizerError) -> Value {
        do {
            return try data.withUnsafeBytes { bytes in
                let rules = Rules(maximumDepth: 128, allowsByteOrderMark: true)
                var reader = JSONReader(bytes, rules: rules)
                return try body(&reader)
            }
        } catch let error as TokenizerError {
            throw error
        } catch {
            let failure = error as? JSONError
            throw .malformedJSON(
                file: file, offset: failure?.offset ?? 0, problem: failure?.problem ?? "\(error)")
        }
    }

    /// The next value as an integer.
    mutating func integer(_ field: @autoclosure () -> String) throws -> Int {
        guard try kind() == .number, let integer = try number().integer else {
            throw TokenizerError.badField(field(), expected: "an integer")
        }
        return Int(integer)
    }

    /// The next value; nil if it is null.
    mutating func optionalValue() throws(JSONError) -> JSONValue? {
        let value = try JSONValue(&self)
        // Not `?:`, in which nil would be a JSON value.
        if value == .null { return nil }
        return value
    }
}
