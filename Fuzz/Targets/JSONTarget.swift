import JSON

/// Any JSON: what is read must be read the same once it is written, in either form.
enum JSONTarget {
    static func run(_ input: [UInt8]) throws {
        guard let value = try? JSONValue(parsing: input) else { return }
        for text in [value.jsonText, value.indentedText] {
            guard let again = try? JSONValue(parsing: text) else {
                throw FuzzFailure(description: "\(text.prefix(200)) was written and is refused")
            }
            try FuzzFailure.require(again == value, "\(value) reads as \(again)")
            try FuzzFailure.require(again.hashValue == value.hashValue, "equal, but not by hash")
        }
        // A streaming reader must come to the same end as one that builds values.
        try input.withUnsafeBytes { bytes in
            var reader = JSONReader(
                bytes, rules: .init(maximumDepth: JSONValue.maximumDepth))
            do {
                try reader.skip()
                try reader.end()
            } catch {
                throw FuzzFailure(description: "a value that is read but not skipped: \(error)")
            }
        }
    }
}
