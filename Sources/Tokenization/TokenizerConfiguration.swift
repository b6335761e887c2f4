import Foundation

/// What is read of tokenizer_config.json: which tokens begin and end a text.
struct TokenizerConfiguration: Sendable, Equatable {
    private(set) var beginningOfText: String?
    private(set) var endOfText: String?

    static let name = "tokenizer_config.json"

    init(_ data: Data) throws(TokenizerError) {
        let json = try JSONReader.parse(data, file: Self.name)
        beginningOfText = Self.token(json["bos_token"])
        endOfText = Self.token(json["eos_token"])
    }

    /// A token's name is a string, or the `content` of an object.
    private static func token(_ json: JSONValue?) -> String? {
        json?.string ?? json?["content"]?.string
    }
}

extension JSONReader {
    /// The value of a whole document.
    static func parse(_ data: Data, file: String) throws(TokenizerError) -> JSONValue {
        let result = data.withUnsafeBytes { bytes -> Result<JSONValue, TokenizerError> in
            do throws(TokenizerError) {
                var reader = JSONReader(bytes, file: file)
                let value = try reader.value()
                try reader.end()
                return .success(value)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}
