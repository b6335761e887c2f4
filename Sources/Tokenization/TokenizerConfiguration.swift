import Foundation
import JSON

/// The parts of tokenizer_config.json that are used: the tokens that begin and end a text, and its
/// maximum length.
struct TokenizerConfiguration: Sendable, Equatable {
    private(set) var beginningOfText: String?
    private(set) var endOfText: String?
    /// Nil if missing or out of range: some files use 1e30 for no limit.
    private(set) var maximumLength: Int?

    static let name = "tokenizer_config.json"

    init(_ data: Data) throws(TokenizerError) {
        let json = try JSONReader.read(data, file: Self.name) { reader in
            let json = try JSONValue(&reader)
            try reader.end()
            return json
        }
        beginningOfText = Self.token(json.field("bos_token"))
        endOfText = Self.token(json.field("eos_token"))
        if let length = json["model_max_length"]?.integerValue, 1...(1 << 30) ~= length {
            maximumLength = length
        }
    }

    /// A token's name is a string, or the `content` of an object.
    private static func token(_ json: JSONValue?) -> String? {
        json?.stringValue ?? json?["content"]?.stringValue
    }
}
