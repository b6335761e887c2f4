import FileFormat
import JSON
import TextBytes

/// A tokenizer in GGUF metadata: tokens, their kinds, and merges or scores. It is equivalent to the
/// tokenizer.json that it was converted from.
///
///     tokenizer.ggml.model        gpt2: byte-level, with merges; llama: SentencePiece, with scores
///     tokenizer.ggml.pre          the family whose expressions split a text (gpt2)
///     tokenizer.ggml.tokens, .token_type, .merges or .scores
///     tokenizer.ggml.{bos,eos,unknown}_token_id, .add_bos_token, .add_eos_token, .add_space_prefix
struct GGUFTokenizer {
    /// llama.cpp's kinds of tokens.
    enum Kind: Int {
        case normal = 1
        case unknown = 2
        /// Has a meaning for the model and is never produced from text.
        case control = 3
        /// Found in a text before the model encodes it.
        case userDefined = 4
        case unused = 5
        /// `<0x0A>`
        case byte = 6
    }

    let fields: Fields
    let vocabulary: Vocabulary
    let merges: GGUFMerges
    let settings: BytePairModel.Settings
    let stages: Stages
    let addedTokens: [AddedToken]
    /// The token that begins a text; nil if the model has none or does not use it.
    let bosID: Int32?
    let eosID: Int32?

    /// The stages around the model, in the form of tokenizer.json.
    struct Stages {
        var normalizer: String?
        var preTokenizer: String?
        var postProcessor: String?
        var decoder: String?
    }

    init(_ metadata: GGUFMetadata) throws(TokenizerError) {
        let fields = Fields(metadata)
        self.fields = fields
        let tokens = try fields.tokens()
        let kinds = try fields.kinds(count: tokens.count)
        let vocabulary = try Self.vocabulary(tokens, kinds)
        self.vocabulary = vocabulary
        addedTokens = Self.addedTokens(tokens, kinds)

        let model = try fields.required("model")
        var addsBeginning: Bool
        var stages = Stages()
        var settings = BytePairModel.Settings()
        switch model {
        case "gpt2":
            let name = try fields.string("pre") ?? "default"
            guard let family = GGUFTokenizerFamily.named(name) else {
                throw .unsupportedStage(kind: "tokenizer.ggml.pre", type: name)
            }
            (stages.normalizer, stages.preTokenizer) = (family.normalizer, family.preTokenizer)
            stages.decoder = GGUFTokenizerFamily.byteLevelDecoder
            settings.ignoresMerges = family.ignoresMerges
            addsBeginning = family.addsBeginning
            merges = try GGUFMerges(fields.merges(), vocabulary)
        case "llama":
            let prepends = try fields.bool("add_space_prefix") ?? true
            stages.normalizer = GGUFTokenizerFamily.sentencePieceNormalizer(prepends: prepends)
            stages.decoder = GGUFTokenizerFamily.sentencePieceDecoder(strips: prepends)
            (settings.fusesUnknown, settings.fallsBackToBytes) = (true, true)
            let unknown = try fields.id("unknown_token_id", count: tokens.count) ?? 0
            if kinds.indices.contains(Int(unknown)), kinds[Int(unknown)] != .byte {
                settings.unknownToken = tokens.string(Int(unknown)).text
            }
            addsBeginning = true
            merges = GGUFMerges(
                scores: try fields.scores(count: tokens.count), kinds: kinds, vocabulary)
        default: throw .unsupportedStage(kind: "tokenizer.ggml.model", type: model)
        }

        let begins = try fields.bool("add_bos_token")
        let bos = try fields.id("bos_token_id", count: tokens.count)
        bosID = begins == false ? nil : bos
        eosID = try fields.id("eos_token_id", count: tokens.count)
        addsBeginning = begins ?? addsBeginning
        let addsEnd = try fields.bool("add_eos_token") ?? false
        stages.postProcessor = Self.postProcessor(
            begin: addsBeginning ? bos : nil, end: addsEnd ? eosID : nil, tokens)
        (self.stages, self.settings) = (stages, settings)
    }

    /// All tokens except unused ones at the end, which converters add to match the rows of the
    /// embedding matrix.
    private static func vocabulary(
        _ tokens: GGUFArray, _ kinds: [Kind]
    ) throws(TokenizerError) -> Vocabulary {
        let count = (kinds.lastIndex { $0 != .unused } ?? -1) + 1
        var vocabulary = Vocabulary(capacity: count)
        for id in 0..<count {
            let bytes = tokens.string(id).bytes
            guard UTF8Check.firstInvalidByte(in: bytes) == nil else {
                throw .badField("tokenizer.ggml.tokens", expected: "UTF-8, but token \(id) is not")
            }
            try vocabulary.insert(bytes, id: id)
        }
        try vocabulary.finish()
        return vocabulary
    }

    private static func addedTokens(_ tokens: GGUFArray, _ kinds: [Kind]) -> [AddedToken] {
        kinds.enumerated().compactMap { id, kind in
            guard kind == .control || kind == .unknown || kind == .userDefined else { return nil }
            return AddedToken(content: tokens.string(id).text, special: kind != .userDefined)
        }
    }

    private static func postProcessor(begin: Int32?, end: Int32?, _ tokens: GGUFArray) -> String? {
        guard begin != nil || end != nil else { return nil }
        var parts: [String] = []
        var specials: [String] = []
        func add(_ id: Int32) {
            let name = JSONWriter.quoted(tokens.string(Int(id)).text)
            parts.append(#"{"SpecialToken":{"id":\#(name),"type_id":0}}"#)
            specials.append(#"\#(name):{"id":\#(name),"ids":[\#(id)],"tokens":[\#(name)]}"#)
        }
        if let begin { add(begin) }
        parts.append(#"{"Sequence":{"id":"A","type_id":0}}"#)
        if let end { add(end) }
        if end == begin { specials.removeLast() }
        return #"{"type":"TemplateProcessing","single":[\#(parts.joined(separator: ","))],"#
            + #""pair":[{"Sequence":{"id":"A","type_id":0}},{"Sequence":{"id":"B","type_id":1}}],"#
            + #""special_tokens":{\#(specials.joined(separator: ","))}}"#
    }

    /// The tokenizer's tables, in the form of a parsed tokenizer.json.
    func file() throws(TokenizerError) -> TokenizerFile {
        func value(_ json: String?) throws(TokenizerError) -> JSONValue? {
            guard let json else { return nil }
            do { return try JSONValue(parsing: json) } catch {
                throw .malformedJSON(
                    file: TokenizerFile.name, offset: error.offset, problem: error.problem)
            }
        }
        var file = TokenizerFile()
        file.addedTokens = addedTokens
        file.normalizer = try value(stages.normalizer)
        file.preTokenizer = try value(stages.preTokenizer)
        file.postProcessor = try value(stages.postProcessor)
        file.decoder = try value(stages.decoder)
        file.vocabulary = vocabulary
        file.merges = merges.table
        file.settings = settings
        file.marksStartWords = merges.marksStartWords
        return file
    }
}

extension GGUFTokenizer {
    /// Access to the metadata keys under `tokenizer.ggml.`, with the tokenizer's errors.
    struct Fields {
        let metadata: GGUFMetadata
        private static let prefix = "tokenizer.ggml."

        init(_ metadata: GGUFMetadata) { self.metadata = metadata }

        private func read<Value>(
            _ body: (GGUFMetadata) throws(GGUFError) -> Value
        ) throws(TokenizerError) -> Value {
            do { return try body(metadata) } catch { throw .metadata(error) }
        }

        private func missing(_ key: String) -> TokenizerError {
            .metadata(.missingKey(path: metadata.path, key: Self.prefix + key))
        }

        private func wrong(_ key: String, _ expected: String) -> TokenizerError {
            .metadata(.wrongType(path: metadata.path, key: Self.prefix + key, expected: expected))
        }

        func string(_ key: String) throws(TokenizerError) -> String? {
            try read { metadata throws(GGUFError) in try metadata.string(Self.prefix + key) }
        }

        func required(_ key: String) throws(TokenizerError) -> String {
            guard let value = try string(key) else { throw missing(key) }
            return value
        }

        func bool(_ key: String) throws(TokenizerError) -> Bool? {
            try read { metadata throws(GGUFError) in try metadata.bool(Self.prefix + key) }
        }

        func id(_ key: String, count: Int) throws(TokenizerError) -> Int32? {
            // The largest number and -1 mean no token.
            if let value = metadata[Self.prefix + key]?.integer, value == -1 || value == 0xFFFF_FFFF
            {
                return nil
            }
            return try read { metadata throws(GGUFError) in
                try metadata.integer(Self.prefix + key, in: 0...max(0, count - 1)).map(Int32.init)
            }
        }

        func tokens() throws(TokenizerError) -> GGUFArray {
            let found = try read { metadata throws(GGUFError) in
                try metadata.strings(Self.prefix + "tokens")
            }
            guard let found else { throw missing("tokens") }
            guard 1...(1 << 24) ~= found.count else {
                throw wrong("tokens", "1 to 16777216 tokens")
            }
            return found
        }

        func kinds(count: Int) throws(TokenizerError) -> [Kind] {
            let found = try read { metadata throws(GGUFError) in
                try metadata.integers(Self.prefix + "token_type")
            }
            guard let found else { return Array(repeating: .normal, count: count) }
            let kinds = found.compactMap(Kind.init(rawValue:))
            guard found.count == count, kinds.count == count else {
                throw wrong("token_type", "a number from 1 to 6 for each of \(count) tokens")
            }
            return kinds
        }

        func scores(count: Int) throws(TokenizerError) -> [Float] {
            let found = try read { metadata throws(GGUFError) in
                try metadata.numbers(Self.prefix + "scores")
            }
            guard let found else { throw missing("scores") }
            guard found.count == count, !found.contains(where: \.isNaN) else {
                throw wrong("scores", "a number for each of \(count) tokens")
            }
            return found.map { Float($0) }
        }

        func merges() throws(TokenizerError) -> GGUFArray {
            let found = try read { metadata throws(GGUFError) in
                try metadata.strings(Self.prefix + "merges")
            }
            guard let found else { throw missing("merges") }
            return found
        }
    }
}
