/// Reads saved options, which have snake_case keys, or camelCase keys if version 0.1 wrote them.
struct SavedOptions {
    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    private let container: KeyedDecodingContainer<Key>

    init(_ decoder: any Decoder) throws {
        container = try decoder.container(keyedBy: Key.self)
    }

    /// `fromRank` for `from_rank`.
    private static func camelCase(_ name: String) -> String {
        let words = name.split(separator: "_").map(String.init)
        return words.prefix(1).joined()
            + words.dropFirst().map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }

    func value<Value: Decodable>(_ key: some CodingKey) throws -> Value {
        if let value: Value = try optional(key) { return value }
        throw DecodingError.keyNotFound(
            key, .init(codingPath: container.codingPath, debugDescription: "the key is missing"))
    }

    func optional<Value: Decodable>(_ key: some CodingKey) throws -> Value? {
        let name = key.stringValue
        for name in [name, Self.camelCase(name)] {
            let key = Key(stringValue: name)
            if let value = try container.decodeIfPresent(Value.self, forKey: key) { return value }
        }
        return nil
    }
}
