import Foundation

/// The parts of a tokenizer.json, the tables already in their final form.
///
/// Read in one pass; `merges` is visited a second time where it comes before `vocab`.
struct TokenizerFile {
    private(set) var addedTokens: [AddedToken] = []
    private(set) var normalizer: JSONValue?
    private(set) var preTokenizer: JSONValue?
    private(set) var postProcessor: JSONValue?
    private(set) var decoder: JSONValue?
    private(set) var vocabulary = Vocabulary()
    private(set) var merges = MergeTable(capacity: 0)
    private(set) var settings = BytePairModel.Settings()
    /// Whether `▁` only ever begins a token: no merge puts anything but another `▁` before it.
    private(set) var marksStartWords = true

    static let name = "tokenizer.json"

    init(_ data: Data) throws(TokenizerError) {
        let result = data.withUnsafeBytes { bytes -> Result<TokenizerFile, TokenizerError> in
            do throws(TokenizerError) {
                var file = TokenizerFile()
                var reader = JSONReader(bytes, file: Self.name)
                try file.readDocument(&reader)
                return .success(file)
            } catch {
                return .failure(error)
            }
        }
        self = try result.get()
    }

    private init() {}

    private mutating func readDocument(_ reader: inout JSONReader) throws(TokenizerError) {
        try reader.expect(0x7B)
        var sawModel = false
        if !reader.take(0x7D) {
            repeat {
                let field = try reader.string()
                try reader.expect(0x3A)
                switch field {
                case "added_tokens":
                    let value = try reader.value()
                    if value == .null { break }
                    guard let array = value.array else {
                        throw .badField(field, expected: "an array")
                    }
                    addedTokens = []
                    for element in array { addedTokens.append(try AddedToken(element)) }
                case "normalizer": normalizer = try reader.optionalValue()
                case "pre_tokenizer": preTokenizer = try reader.optionalValue()
                case "post_processor": postProcessor = try reader.optionalValue()
                case "decoder": decoder = try reader.optionalValue()
                case "model":
                    guard !sawModel else { throw .badField(field, expected: "there once") }
                    sawModel = true
                    try readModel(&reader)
                default: _ = try reader.skip()
                }
            } while try reader.another(before: 0x7D)
        }
        try reader.end()
        guard sawModel else { throw .missingField("model") }
    }

    // MARK: The model

    private mutating func readModel(_ reader: inout JSONReader) throws(TokenizerError) {
        try reader.expect(0x7B)
        var members: [JSONValue.Member] = []
        var sawVocabulary = false
        var oddVocabulary = false
        var laterMerges: Int?
        var sawMerges = false
        if !reader.take(0x7D) {
            repeat {
                let field = try reader.string()
                try reader.expect(0x3A)
                switch field {
                case "vocab":
                    guard !sawVocabulary else {
                        throw .badField("model.vocab", expected: "there once")
                    }
                    sawVocabulary = true
                    if reader.peek() == 0x7B {
                        try readVocabulary(&reader)
                    } else {
                        oddVocabulary = true
                        _ = try reader.skip()
                    }
                case "merges":
                    guard !sawMerges else {
                        throw .badField("model.merges", expected: "there once")
                    }
                    sawMerges = true
                    // What a pair makes depends on the vocabulary and on the settings.
                    laterMerges = try reader.skip().lowerBound
                default: members.append(.init(name: field, value: try reader.value()))
                }
            } while try reader.another(before: 0x7D)
        }
        let end = reader.position
        let model = JSONValue.object(members)
        let type = try model.optionalString("type", in: "model") ?? "BPE"
        guard type == "BPE" else { throw .unsupportedStage(kind: "model", type: type) }
        guard sawVocabulary else { throw .missingField("model.vocab") }
        guard !oddVocabulary else { throw .badField("model.vocab", expected: "an object") }
        try readSettings(model)
        guard let laterMerges else { throw .missingField("model.merges") }
        reader.rewind(to: laterMerges)
        try readMerges(&reader)
        reader.rewind(to: end)
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
        switch model["dropout"] {
        case nil, .integer(0), .number(0): break
        default: throw .unsupportedStage(kind: "model setting", type: "dropout")
        }
    }

    private mutating func readVocabulary(_ reader: inout JSONReader) throws(TokenizerError) {
        try reader.expect(0x7B)
        if !reader.take(0x7D) {
            repeat {
                let token = try reader.stringBytes()
                // The bytes are the reader's until its next string; a number does not disturb them.
                try reader.expect(0x3A)
                let id = try reader.integer("model.vocab")
                try vocabulary.insert(token, id: id)
            } while try reader.another(before: 0x7D)
        }
        try vocabulary.finish()
    }

    private mutating func readMerges(_ reader: inout JSONReader) throws(TokenizerError) {
        // Counting first would cost a pass over megabytes: a vocabulary has one merge a token, or
        // several; the table grows where that is too few.
        var pairs: [(Int32, Int32, Int32)] = []
        pairs.reserveCapacity(vocabulary.count)
        guard reader.take(0x5B) else { throw .badField("model.merges", expected: "an array") }
        if !reader.take(0x5D) {
            var joined: [UInt8] = []
            repeat {
                pairs.append(try readMerge(&reader, index: pairs.count, &joined))
            } while try reader.another(before: 0x5D)
        }
        merges = MergeTable(capacity: pairs.count)
        for (rank, pair) in pairs.enumerated() {
            merges.insert(pair.0, pair.1, rank: rank, result: pair.2)
        }
    }

    /// `"left right"` or `["left", "right"]`. `joined` is scratch.
    private mutating func readMerge(
        _ reader: inout JSONReader, index: Int, _ joined: inout [UInt8]
    ) throws(TokenizerError) -> (Int32, Int32, Int32) {
        joined.removeAll(keepingCapacity: true)
        let split: Int
        if reader.peek() == 0x22 {
            let text = try reader.stringBytes()
            guard let space = text.firstIndex(of: 0x20),
                !text[(space + 1)...].contains(0x20)
            else { throw .malformedMerge(index: index) }
            joined.append(contentsOf: text[..<space])
            joined.append(contentsOf: text[(space + 1)...])
            split = space
        } else if reader.take(0x5B) {
            guard reader.peek() == 0x22 else { throw .malformedMerge(index: index) }
            joined.append(contentsOf: try reader.stringBytes())
            split = joined.count
            guard try reader.another(before: 0x5D), reader.peek() == 0x22 else {
                throw .malformedMerge(index: index)
            }
            joined.append(contentsOf: try reader.stringBytes())
            guard reader.take(0x5D) else { throw .malformedMerge(index: index) }
        } else {
            throw .malformedMerge(index: index)
        }
        let (left, right) = joined.withUnsafeBufferPointer { bytes in
            (
                vocabulary.id(of: UnsafeBufferPointer(rebasing: bytes[..<split])),
                vocabulary.id(of: UnsafeBufferPointer(rebasing: bytes[split...]))
            )
        }
        guard left >= 0, right >= 0 else {
            let part = left < 0 ? joined[..<split] : joined[split...]
            throw .mergeOfUnknownToken(
                index: index, token: String(decoding: part, as: UTF8.self))
        }
        let mark = BytePairModel.wordStartMark
        if joined[split...].starts(with: mark), !joined[..<split].suffix(3).elementsEqual(mark) {
            marksStartWords = false
        }
        let prefix = settings.continuingSubwordPrefix.count
        if prefix > 0 {
            guard joined.count - split >= prefix else { throw .malformedMerge(index: index) }
            joined.removeSubrange(split..<split + prefix)
        }
        let result = joined.withUnsafeBufferPointer { vocabulary.id(of: $0) }
        guard result >= 0 else {
            throw .mergeOfUnknownToken(
                index: index, token: String(decoding: joined, as: UTF8.self))
        }
        return (left, right, result)
    }
}

extension JSONReader {
    /// A value, nil where it is null.
    mutating func optionalValue() throws(TokenizerError) -> JSONValue? {
        let value = try value()
        return value == .null ? nil : value
    }
}
