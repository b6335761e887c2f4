import FileFormat
import Foundation
import JSON

/// The same tokenizer as files of a Hugging Face folder, for folders converted from a GGUF model.
extension GGUFTokenizer {
    func tokenizerJSON() -> Data {
        var out = Array(#"{"version":"1.0","truncation":null,"padding":null,"added_tokens":["#.utf8)
        for (index, token) in addedTokens.enumerated() {
            guard let id = vocabulary.id(of: token.content.utf8) else { continue }
            if index > 0 { out.append(0x2C) }
            out += Array(
                (#"{"id":\#(id),"content":\#(JSONWriter.quoted(token.content)),"single_word":false,"#
                    + #""lstrip":false,"rstrip":false,"normalized":false,"special":\#(token.special)}"#)
                    .utf8)
        }
        out += Array("]".utf8)
        for (name, stage) in [
            ("normalizer", stages.normalizer), ("pre_tokenizer", stages.preTokenizer),
            ("post_processor", stages.postProcessor), ("decoder", stages.decoder),
        ] {
            out += Array(",\"\(name)\":\(stage ?? "null")".utf8)
        }
        let unknown = settings.unknownToken.map { JSONWriter.quoted($0) } ?? "null"
        out += Array(
            (#","model":{"type":"BPE","dropout":null,"unk_token":\#(unknown),"#
                + #""continuing_subword_prefix":null,"end_of_word_suffix":null,"#
                + #""fuse_unk":\#(settings.fusesUnknown),"byte_fallback":\#(settings.fallsBackToBytes),"#
                + #""ignore_merges":\#(settings.ignoresMerges),"vocab":{"#).utf8)
        var isFirst = true
        for id in 0..<Int32(vocabulary.idLimit) {
            guard let token = vocabulary.token(id) else { continue }
            if !isFirst { out.append(0x2C) }
            isFirst = false
            JSONWriter.append(utf8: token, to: &out)
            out += Array(":\(id)".utf8)
        }
        out += Array(#"},"merges":["#.utf8)
        for (index, pair) in merges.pairs.enumerated() {
            if index > 0 { out.append(0x2C) }
            out.append(0x5B)
            JSONWriter.append(utf8: vocabulary.token(pair.left) ?? [], to: &out)
            out.append(0x2C)
            JSONWriter.append(utf8: vocabulary.token(pair.right) ?? [], to: &out)
            out.append(0x5D)
        }
        out += Array("]}}".utf8)
        return Data(out)
    }

    /// tokenizer_config.json: the special tokens by name, and the chat template.
    func configurationJSON() -> Data {
        func name(_ id: Int32?) -> String {
            guard let token = id.flatMap({ vocabulary.token($0) }) else { return "null" }
            return JSONWriter.quoted(String(decoding: token, as: UTF8.self))
        }
        var fields = [
            #""tokenizer_class":"PreTrainedTokenizerFast""#, "\"bos_token\":\(name(bosID))",
            "\"eos_token\":\(name(eosID))",
            #""unk_token":\#(settings.unknownToken.map { JSONWriter.quoted($0) } ?? "null")"#,
            #""clean_up_tokenization_spaces":false"#,
        ]
        if let template = chatTemplate {
            fields.append(#""chat_template":\#(JSONWriter.quoted(template))"#)
        }
        return Data("{\(fields.joined(separator: ","))}".utf8)
    }

    private var chatTemplate: String? {
        fields.metadata["tokenizer.chat_template"]?.string?.text
    }
}
