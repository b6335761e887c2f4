import FileFormat
import Foundation
import JSON
import Tokenization

extension ModelParts {
    /// The model's chat template: `tokenizer.chat_template` of a GGUF file, else
    /// `chat_template.jinja` or tokenizer_config.json's `chat_template`, of the folder or of an
    /// adapter's base. If it has several, the one named `default`.
    ///
    /// - Returns: nil if the model has none.
    func chatTemplate() throws(AutoRegEmbedError) -> String? {
        if let metadata { return metadata["tokenizer.chat_template"]?.string?.text }
        for folder in [location, baseFolder].compactMap(\.self) where !Self.isFile(folder) {
            if let template = try Self.chatTemplate(in: folder) { return template }
        }
        return nil
    }

    private static func chatTemplate(in folder: URL) throws(AutoRegEmbedError) -> String? {
        if let file = try map(folder.appendingPathComponent("chat_template.jinja"), required: false)
        {
            return withExtendedLifetime(file) { String(decoding: file.bytes, as: UTF8.self) }
        }
        let settings = folder.appendingPathComponent("tokenizer_config.json")
        guard let template = try SettingsFields(settings)?["chat_template"] else { return nil }
        if let text = template.stringValue { return text }
        let named = template.arrayValue ?? []
        return (named.first { $0["name"]?.stringValue == "default" } ?? named.first)?["template"]?
            .stringValue
    }

    /// The id of the token that ends a turn, as a GGUF file names it.
    var endOfTurn: Int32? {
        metadata?["tokenizer.ggml.eot_token_id"]?.integer.flatMap(Int32.init(exactly:))
    }
}
