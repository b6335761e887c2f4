import Foundation
import JSON

/// The parts of a tokenizer.json, with tables in their final form.
///
/// Read in one pass, except that `merges` is parsed after the rest of the model.
struct TokenizerFile {
    var addedTokens: [AddedToken] = []
    var normalizer: JSONValue?
    var preTokenizer: JSONValue?
    var postProcessor: JSONValue?
    var decoder: JSONValue?
    var vocabulary = Vocabulary()
    var merges = MergeTable(capacity: 0)
    var settings = BytePairModel.Settings()
    /// The settings of a WordPiece model; nil for byte pairs.
    var wordPiece: WordPieceModel.Settings?
    /// Whether `▁` occurs only at the start of tokens: no merge puts anything but another `▁`
    /// before it.
    var marksStartWords = true

    static let name = "tokenizer.json"

    init(_ data: Data) throws(TokenizerError) {
        self = try JSONReader.read(data, file: Self.name) { reader in
            var file = TokenizerFile()
            try file.readDocument(&reader)
            return file
        }
    }

    init() {}

    private mutating func readDocument(_ reader: inout JSONReader) throws {
        var sawModel = false
        try reader.enterObject()
        while let field = try reader.nextKey() {
            switch field {
            case "added_tokens":
                let value = try JSONValue(&reader)
                if value == .null { break }
                guard let array = value.arrayValue else {
                    throw TokenizerError.badField(field, expected: "an array")
                }
                addedTokens = try array.map { try AddedToken($0) }
            case "normalizer": normalizer = try reader.optionalValue()
            case "pre_tokenizer": preTokenizer = try reader.optionalValue()
            case "post_processor": postProcessor = try reader.optionalValue()
            case "decoder": decoder = try reader.optionalValue()
            case "model":
                guard !sawModel else {
                    throw TokenizerError.badField(field, expected: "present only once")
                }
                sawModel = true
                try readModel(&reader)
            default: try reader.skip()
            }
        }
        try reader.end()
        guard sawModel else { throw TokenizerError.missingField("model") }
    }

    // MARK: The model

    private mutating func readModel(_ reader: inout JSONReader) throws {
        var members = JSONObject()
        var sawVocabulary = false
        var oddVocabulary = false
        var laterMerges: Int?
        try reader.enterObject()
        while let field = try reader.nextKey() {
            switch field {
            case "vocab":
                guard !sawVocabulary else {
                    throw TokenizerError.badField("model.vocab", expected: "present only once")
                }
                sawVocabulary = true
                if try reader.kind() == .object {
                    try readVocabulary(&reader)
                } else {
                    oddVocabulary = true
                    try reader.skip()
                }
            case "merges":
                guard laterMerges == nil else {
                    throw TokenizerError.badField("model.merges", expected: "present only once")
                }
                // The result of a merge depends on the vocabulary and the settings.
                laterMerges = try reader.skip().lowerBound
            default:
                if members.contains(key: field) { throw reader.repeated(field) }
                members[field] = try JSONValue(&reader)
            }
        }
        let end = reader.position
        let model = JSONValue.object(members)
        // Files of the library's first versions name no type.
        let type =
            try model.optionalString("type", in: "model")
            ?? (model.field("max_input_chars_per_word") == nil ? "BPE" : "WordPiece")
        guard type == "BPE" || type == "WordPiece" else {
            throw TokenizerError.unsupportedStage(kind: "model", type: type)
        }
        guard sawVocabulary else { throw TokenizerError.missingField("model.vocab") }
        guard !oddVocabulary else {
            throw TokenizerError.badField("model.vocab", expected: "an object")
        }
        if type == "WordPiece" {
            wordPiece = try Self.wordPieceSettings(model)
            return
        }
        try readSettings(model)
        guard let laterMerges else { throw TokenizerError.missingField("model.merges") }
        reader.move(to: laterMerges)
        try readMerges(&reader)
        reader.move(to: end)
    }

    private static func wordPieceSettings(
        _ model: JSONValue
    ) throws(TokenizerError) -> WordPieceModel.Settings {
        let context = "model"
        var settings = WordPieceModel.Settings()
        if let token = try model.optionalString("unk_token", in: context) {
            settings.unknownToken = token
        }
        if let prefix = try model.optionalString("continuing_subword_prefix", in: context) {
            settings.continuingPrefix = Array(prefix.utf8)
        }
        if model.field("max_input_chars_per_word") != nil {
            settings.longestWord = try model.count("max_input_chars_per_word", in: context)
        }
        return settings
    }

    private mutating func readSettings(_ model: JSONValue) throws(TokenizerError) {
        let context = "model"
        settings.unknownToken = try model.optionalString("unk_token", in: context)
        settings.continuingSubwordPrefix = Array(
            (try model.optionalString("continuing_subword_prefix", in: context) ?? "").utf8)
        settings.endOfWordSuffix = Array(
            (try model.optionalString("end_of_word_suffix", in: context) ?? "").utf8)
        settings.fusesUnknown = try model.bool("fuse_unk", default: false, in: context)
        settings.fallsBackToBytes = try model.bool("byte_fallback", default: false, in: context)
        settings.ignoresMerges = try model.bool("ignore_merges", default: false, in: context)
        switch model.field("dropout") {
        case nil, .integer(0), .number(0): break
        default: throw .unsupportedStage(kind: "model setting", type: "dropout")
        }
    }

    private mutating func readVocabulary(_ reader: inout JSONReader) throws {
        try reader.enterObject()
        while let token = try reader.nextKeyBytes() {
            // The bytes are valid until the reader's next string; reading a number does not
            // invalidate them.
            let id = try reader.integer("model.vocab")
            try vocabulary.insert(token, id: id)
        }
        try vocabulary.finish()
    }

    private mutating func readMerges(_ reader: inout JSONReader) throws {
        // Most vocabularies have about one merge for each token; counting them first would cost a
        // pass over megabytes.
        var pairs: [(Int32, Int32, Int32)] = []
        pairs.reserveCapacity(vocabulary.count)
        guard try reader.kind() == .array else {
            throw TokenizerError.badField("model.merges", expected: "an array")
        }
        var joined: [UInt8] = []
        try reader.enterArray()
        while try reader.nextElement() {
            pairs.append(try readMerge(&reader, index: pairs.count, &joined))
        }
        merges = MergeTable(capacity: pairs.count)
        for (rank, pair) in pairs.enumerated() {
            merges.insert(pair.0, pair.1, rank: rank, result: pair.2)
        }
    }

    /// `"left right"` or `["left", "right"]`. `joined` is scratch.
    private mutating func readMerge(
        _ reader: inout JSONReader, index: Int, _ joined: inout [UInt8]
    ) throws -> (Int32, Int32, Int32) {
        let malformed = TokenizerError.malformedMerge(index: index)
        joined.removeAll(keepingCapacity: true)
        let split: Int
        switch try reader.kind() {
        case .string:
            let text = try reader.stringBytes()
            guard let space = text.firstIndex(of: 0x20),
                !text[(space + 1)...].contains(0x20)
            else { throw malformed }
            joined.append(contentsOf: text[..<space])
            joined.append(contentsOf: text[(space + 1)...])
            split = space
        case .array:
            func part() throws {
                guard try reader.nextElement(), reader.peek() == UInt8(ascii: "\"") else {
                    throw malformed
                }
                joined.append(contentsOf: try reader.stringBytes())
            }
            try reader.enterArray()
            try part()
            split = joined.count
            try part()
            guard try !reader.nextElement() else { throw malformed }
        default: throw malformed
        }
        let (left, right) = joined.withUnsafeBufferPointer { bytes in
            (
                vocabulary.id(of: UnsafeBufferPointer(rebasing: bytes[..<split])),
                vocabulary.id(of: UnsafeBufferPointer(rebasing: bytes[split...]))
            )
        }
        guard left >= 0, right >= 0 else {
            let part = left < 0 ? joined[..<split] : joined[split...]
            throw TokenizerError.mergeOfUnknownToken(
                index: index, token: String(decoding: part, as: UTF8.self))
        }
        let mark = BytePairModel.wordStartMark
        if joined[split...].starts(with: mark), !joined[..<split].suffix(3).elementsEqual(mark) {
            marksStartWords = false
        }
        let prefix = settings.continuingSubwordPrefix.count
        if prefix > 0 {
            guard joined.count - split >= prefix else { throw malformed }
            joined.removeSubrange(split..<split + prefix)
        }
        let result = joined.withUnsafeBufferPointer { vocabulary.id(of: $0) }
        guard result >= 0 else {
            throw TokenizerError.mergeOfUnknownToken(
                index: index, token: String(decoding: joined, as: UTF8.self))
        }
        return (left, right, result)
    }
}
