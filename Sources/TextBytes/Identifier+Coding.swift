/// An identifier is encoded as its text; a dictionary that is keyed by identifiers as an object.
extension Identifier: Codable, CodingKeyRepresentable {
    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// The text as a coding key.
    public var codingKey: any CodingKey { Key(stringValue: text) }

    /// Creates an identifier from a coding key; never `nil`.
    public init?(codingKey: some CodingKey) { self.init(codingKey.stringValue) }

    /// Decodes a string.
    public init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(String.self))
    }

    /// Encodes the text as a string.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
