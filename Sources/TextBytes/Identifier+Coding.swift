/// An identifier is encoded as its text; a dictionary that is keyed by identifiers as an object.
extension Identifier: Codable, CodingKeyRepresentable {
    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// The key that the text is.
    public var codingKey: any CodingKey { Key(stringValue: text) }

    /// The identifier that a key's text is.
    public init?(codingKey: some CodingKey) { self.init(codingKey.stringValue) }

    /// Reads a string.
    public init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(String.self))
    }

    /// Writes a string.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
