import Foundation
import JSON

/// `vocab.txt`, a token a line, with which BERT's first programs kept their tokenizers.
package enum BertVocabulary {
    package static let name = "vocab.txt"

    /// The tokenizer.json that transformers makes of it.
    ///
    /// - Parameters:
    ///   - vocabulary: a line's number, from 0, is its token's id; of equal lines the last counts.
    ///   - configuration: a tokenizer_config.json, which says how text is normalized and may name the
    ///     special tokens otherwise.
    package static func tokenizerJSON(
        vocabulary: Data, configuration: Data?
    ) throws(TokenizerError) -> Data {
        let settings = try configuration.map(object) ?? .object([:])
        guard let text = String(validating: vocabulary, as: UTF8.self) else {
            throw .badField(name, expected: "UTF-8")
        }
        var ids: [[UInt8]: Int] = [:]
        var lines = text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        for (id, line) in lines.enumerated() {
            let isEndedByReturn = line.last == 0x0D
            ids[Array(isEndedByReturn ? line.dropLast() : line)] = id
        }
        func token(_ key: String, _ standard: String) -> String {
            settings.field(key)?.stringValue ?? settings.field(key)?["content"]?.stringValue
                ?? standard
        }
        let unknown = token("unk_token", "[UNK]")
        let (begin, end) = (token("cls_token", "[CLS]"), token("sep_token", "[SEP]"))
        var special: [(name: String, id: Int)] = []
        for name in [
            token("pad_token", "[PAD]"), unknown, begin, end, token("mask_token", "[MASK]"),
        ] {
            guard let id = ids[Array(name.utf8)] else {
                if name == begin || name == end || name == unknown {
                    throw .unknownToken(name, usedAs: Self.name)
                }
                continue
            }
            if !special.contains(where: { $0.id == id }) { special.append((name, id)) }
        }

        let entries = ids.sorted { $0.value < $1.value }.map { token, id in
            "\(JSONWriter.quoted(String(decoding: token, as: UTF8.self))):\(id)"
        }
        let added = special.sorted { $0.id < $1.id }.map { token in
            #"{"id":\#(token.id),"content":\#(JSONWriter.quoted(token.name)),"single_word":false,"#
                + #""lstrip":false,"rstrip":false,"normalized":false,"special":true}"#
        }
        func place(_ name: String) -> String {
            #"{"SpecialToken":{"id":\#(JSONWriter.quoted(name)),"type_id":0}}"#
        }
        func ids(of name: String) -> String {
            let quoted = JSONWriter.quoted(name)
            let id = ids[Array(name.utf8)].map(String.init) ?? ""
            return #"\#(quoted):{"id":\#(quoted),"ids":[\#(id)],"tokens":[\#(quoted)]}"#
        }
        let accents =
            try settings.field("strip_accents") == nil
            ? "null" : "\(settings.bool("strip_accents", default: true, in: configurationName))"
        let lower = try settings.bool("do_lower_case", default: true, in: configurationName)
        let ideographs = try settings.bool(
            "tokenize_chinese_chars", default: true, in: configurationName)
        let json = """
            {"version":"1.0","added_tokens":[\(added.joined(separator: ","))],\
            "normalizer":{"type":"BertNormalizer","clean_text":true,\
            "handle_chinese_chars":\(ideographs),"strip_accents":\(accents),"lowercase":\(lower)},\
            "pre_tokenizer":{"type":"BertPreTokenizer"},\
            "post_processor":{"type":"TemplateProcessing",\
            "single":[\(place(begin)),{"Sequence":{"id":"A","type_id":0}},\(place(end))],\
            "special_tokens":{\(Set([begin, end]).sorted().map(ids(of:)).joined(separator: ","))}},\
            "decoder":{"type":"WordPiece","prefix":"##","cleanup":true},\
            "model":{"type":"WordPiece","unk_token":\(JSONWriter.quoted(unknown)),\
            "continuing_subword_prefix":"##","max_input_chars_per_word":100,\
            "vocab":{\(entries.joined(separator: ","))}}}
            """
        return Data(json.utf8)
    }

    private static let configurationName = TokenizerConfiguration.name

    private static func object(_ data: Data) throws(TokenizerError) -> JSONValue {
        try JSONReader.read(data, file: configurationName) { reader in
            let json = try JSONValue(&reader)
            try reader.end()
            return json
        }
    }
}
