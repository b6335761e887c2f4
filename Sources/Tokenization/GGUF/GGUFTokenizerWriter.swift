import FileFormat
import Foundation
import JSON
import TextBytes

/// Writes a tokenizer as GGUF metadata.
extension Tokenizer {
    /// Adds the keys `tokenizer.…`. A tokenizer that was read from a GGUF file is copied. Of others the
    /// byte-level ones can be written whose stages are those of a family that the format has a name for.
    ///
    /// - Parameter rows: of the embedding matrix; ids without a token become unused tokens.
    /// - Throws: `TokenizerError.unsupportedStage` if the format cannot express the tokenizer.
    package func write(to writer: inout GGUFWriter, rows: Int) throws(TokenizerError) {
        switch source {
        case .metadata(let metadata):
            for key in metadata.keys where key.hasPrefix("tokenizer.") {
                writer.copy(key, from: metadata)
            }
        case .files(let data, let configuration):
            try write(TokenizerFile(data), configuration, to: &writer, rows: rows)
        }
    }

    private func write(
        _ file: TokenizerFile, _ configuration: Data?, to writer: inout GGUFWriter, rows: Int
    ) throws(TokenizerError) {
        let plain =
            file.settings.continuingSubwordPrefix.isEmpty && file.settings.endOfWordSuffix.isEmpty
            && !file.settings.fallsBackToBytes
        guard plain, let (name, family) = GGUFTokenizerFamily.matching(file)
        else {
            throw .unsupportedStage(
                kind: "pre-tokenizer", type: "of a family that GGUF has no name for")
        }
        if let odd = file.addedTokens.first(where: {
            $0.singleWord || $0.stripsLeft || $0.stripsRight
        }) {
            throw .unsupportedStage(
                kind: "added token", type: "\(odd.content) with lstrip, rstrip or single_word")
        }
        writer.set("tokenizer.ggml.model", "gpt2")
        writer.set("tokenizer.ggml.pre", name)
        let (tokens, kinds) = list(file, rows: rows)
        writer.set("tokenizer.ggml.tokens", tokens)
        writer.set("tokenizer.ggml.token_type", kinds)
        writer.set(
            "tokenizer.ggml.merges",
            file.merges.pairs.map { left, right in
                Array(file.vocabulary.token(left) ?? []) + [0x20]
                    + Array(file.vocabulary.token(right) ?? [])
            })
        try writeEnds(family, to: &writer)
        if let configuration, let json = try? JSONValue(parsing: configuration),
            let template = json["chat_template"]?.stringValue
        {
            writer.set("tokenizer.chat_template", template)
        }
    }

    /// Every id's token and kind.
    private func list(_ file: TokenizerFile, rows: Int) -> ([[UInt8]], [Int32]) {
        var tokens: [[UInt8]] = []
        var kinds: [Int32] = []
        for id in 0..<Int32(clamping: max(rows, vocabularySize)) {
            let entry = added.entry(id)
            if let entry {
                tokens.append(Array(entry.token.content.utf8))
                kinds.append(
                    Int32(
                        (entry.token.special ? GGUFTokenizer.Kind.control : .userDefined).rawValue))
            } else if let token = file.vocabulary.token(id) {
                tokens.append(Array(token))
                kinds.append(Int32(GGUFTokenizer.Kind.normal.rawValue))
            } else {
                tokens.append(Array("[PAD\(id)]".utf8))
                kinds.append(Int32(GGUFTokenizer.Kind.unused.rawValue))
            }
        }
        return (tokens, kinds)
    }

    /// What is put around a text. A key that says what the family does anyway is left out: with it, the
    /// beginning of a text could not be used where only the template puts it.
    private func writeEnds(
        _ family: GGUFTokenizerFamily, to writer: inout GGUFWriter
    ) throws(TokenizerError) {
        // An id that is no token's marks the place of the text.
        let parts = postProcessor.apply(to: [-1]).split(
            separator: -1, omittingEmptySubsequences: false
        ).map(Array.init)
        guard parts.count == 2, parts[0].count <= 1, parts[1].count <= 1 else {
            throw .unsupportedStage(
                kind: "post-processor", type: "with more than one token at an end")
        }
        let (begin, end) = (parts[0].first, parts[1].first)
        if let id = begin ?? bosID { writer.set("tokenizer.ggml.bos_token_id", Int(id)) }
        if let id = end ?? eosID { writer.set("tokenizer.ggml.eos_token_id", Int(id)) }
        if (begin != nil) != family.addsBeginning {
            writer.set("tokenizer.ggml.add_bos_token", begin != nil)
        }
        if end != nil { writer.set("tokenizer.ggml.add_eos_token", true) }
    }
}

extension GGUFTokenizerFamily {
    /// The family whose stages a tokenizer.json has, with the name that llama.cpp gives it.
    static func matching(_ file: TokenizerFile) -> (name: String, family: GGUFTokenizerFamily)? {
        for (names, family) in families
        where family.ignoresMerges == file.settings.ignoresMerges {
            guard let name = names.first(where: { $0 != "default" }),
                isSame(family.normalizer, file.normalizer),
                isSame(family.preTokenizer, file.preTokenizer)
            else { continue }
            return (name, family)
        }
        return nil
    }

    private static func isSame(_ stage: String?, _ other: JSONValue?) -> Bool {
        guard let stage else { return other == nil || other == .null }
        guard let other, let value = try? JSONValue(parsing: stage) else { return false }
        return simplified(value) == simplified(other)
    }

    /// Without what has no effect on ids.
    private static func simplified(_ stage: JSONValue) -> JSONValue {
        switch stage {
        case .object(let object):
            .object(
                JSONObject(
                    object.filter { $0.key != "trim_offsets" }.map {
                        ($0.key, simplified($0.value))
                    }.sorted { $0.0.precedesByBytes($1.0) }))
        case .array(let elements): .array(elements.map(simplified))
        default: stage
        }
    }
}

extension MergeTable {
    /// All pairs, in the order of their ranks.
    var pairs: [(left: Int32, right: Int32)] {
        entries.sorted { $0.value < $1.value }.map { entry in
            (
                Int32(truncatingIfNeeded: entry.key >> 32), Int32(truncatingIfNeeded: entry.key)
            )
        }
    }
}
