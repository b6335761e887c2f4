import Foundation
import JSON

extension Tokenizer {
    /// A tokenizer's files with special tokens added to them.
    package struct Extended: Sendable {
        package let tokenizerJSON: Data
        /// tokenizer_config.json; nil if there is none.
        package let configuration: Data?
        /// The tokens' ids, in the order of the names.
        package let ids: [Int32]
    }

    /// The tokenizer's files with special tokens appended; every other byte is unchanged.
    ///
    /// A name that already is a special token keeps its id. In tokenizer_config.json the tokens are
    /// added to those of `added_tokens_decoder`, `extra_special_tokens` and
    /// `additional_special_tokens` that exist.
    package func addingSpecialTokens(_ names: [String]) throws(TokenizerError) -> Extended {
        var ids: [Int32] = []
        var new: [(name: String, id: Int32)] = []
        var next = added.nextID
        for name in names {
            if let id = added.id(of: name), isSpecial(id) {
                ids.append(id)
            } else if let known = new.first(where: { $0.name.utf8.elementsEqual(name.utf8) }) {
                ids.append(known.id)
            } else if let id = id(ofToken: name) {
                ids.append(id)
                new.append((name, id))
            } else {
                ids.append(next)
                new.append((name, next))
                next += 1
            }
        }
        var (json, configuration) = try files()
        if !new.isEmpty {
            json = try Self.appending(to: json, new)
            if let old = configuration {
                configuration = try Self.appendingToConfiguration(old, new)
            }
        }
        return Extended(tokenizerJSON: json, configuration: configuration, ids: ids)
    }

    /// tokenizer.json and tokenizer_config.json (nil if there is none); generated if the tokenizer
    /// was read from a GGUF file.
    package func files() throws(TokenizerError) -> (tokenizer: Data, configuration: Data?) {
        switch source {
        case .files(let data, let configuration): return (data, configuration)
        case .metadata(let metadata):
            let parts = try GGUFTokenizer(metadata)
            return (parts.tokenizerJSON(), parts.configurationJSON())
        }
    }

    private static func appending(to data: Data, _ new: [(name: String, id: Int32)])
        throws(TokenizerError) -> Data
    {
        let entries = new.map { token in
            #"{"id": \#(token.id), "content": \#(JSONWriter.quoted(token.name)), "single_word": false, "#
                + #""lstrip": false, "rstrip": false, "normalized": false, "special": true}"#
        }
        var editor = try JSONEditor(data, file: TokenizerFile.name)
        editor.append(entries, to: "added_tokens", brackets: "[]", makingIt: true)
        return editor.data
    }

    private static func appendingToConfiguration(_ data: Data, _ new: [(name: String, id: Int32)])
        throws(TokenizerError) -> Data
    {
        let described = new.map { token in
            #""\#(token.id)": {"content": \#(JSONWriter.quoted(token.name)), "lstrip": false, "#
                + #""normalized": false, "rstrip": false, "single_word": false, "special": true}"#
        }
        let names = new.map { JSONWriter.quoted($0.name) }
        var data = data
        for (field, brackets, entries) in [
            ("added_tokens_decoder", "{}", described), ("extra_special_tokens", "[]", names),
            ("additional_special_tokens", "[]", names),
        ] {
            var editor = try JSONEditor(data, file: TokenizerConfiguration.name)
            editor.append(entries, to: field, brackets: brackets, makingIt: false)
            data = editor.data
        }
        return data
    }
}
