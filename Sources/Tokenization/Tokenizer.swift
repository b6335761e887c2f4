import FileFormat
import Foundation

/// Converts text to token ids and back, like Hugging Face's `tokenizers` for decoder-only models.
///
/// A text goes through the stages of tokenizer.json in this order:
///
///     text -> added tokens split off -> normalizer -> pre-tokenizer -> byte-pair model -> ids
///     ids -> tokens -> decoder -> text
///
/// Everything is read and checked in `init`; encoding and decoding cannot fail. A tokenizer may be
/// used by any number of threads at once.
package struct Tokenizer: Sendable {
    let model: TokenModel
    let normalizer: Normalizer?
    let preTokenizer: PreTokenizer
    let postProcessor: PostProcessor
    let decoder: TokenDecoder?
    let added: AddedVocabulary
    private let scratch = ScratchPool()

    /// The bytes to fingerprint: tokenizer.json, or the metadata of a GGUF file.
    package let fingerprint: Data
    /// The source, from which files are written again.
    let source: Source

    enum Source: Sendable {
        /// tokenizer.json, and tokenizer_config.json if it exists.
        case files(Data, configuration: Data?)
        case metadata(GGUFMetadata)
    }

    /// The token that begins a text; nil if the model has none.
    package let bosID: Int32?
    /// The token that ends a text; nil if the model has none.
    package let eosID: Int32?
    /// `model_max_length` of tokenizer_config.json, in tokens; nil if it is missing or means no
    /// limit.
    package let maximumLength: Int?
    /// The highest id plus one: the number of rows that the embedding matrix needs.
    package let vocabularySize: Int

    /// Reads tokenizer.json and, if it exists, tokenizer_config.json in `folder`, or a GGUF file.
    package init(folder: URL) throws(TokenizerError) {
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: folder.path, isDirectory: &isFolder),
            !isFolder.boolValue
        {
            let files: GGUFFileSet
            do { files = try GGUFFileSet(path: folder.path) } catch { throw .metadata(error) }
            try self.init(metadata: files.metadata)
            return
        }
        let data = try Self.read(folder.appendingPathComponent(TokenizerFile.name))
        let configuration = folder.appendingPathComponent(TokenizerConfiguration.name)
        let exists = FileManager.default.fileExists(atPath: configuration.path)
        try self.init(data: data, configuration: exists ? try Self.read(configuration) : nil)
    }

    private static func read(_ file: URL) throws(TokenizerError) -> Data {
        let data: Data
        do { data = try Data(contentsOf: file, options: .mappedIfSafe) } catch {
            throw .unreadable(path: file.path, reason: error.localizedDescription)
        }
        guard !data.withUnsafeBytes({ GitPointer.matches($0) }) else {
            throw .unreadable(
                path: file.path, reason: "it is a Git LFS pointer, not the file itself")
        }
        return data
    }

    /// - Parameters:
    ///   - data: the bytes of a tokenizer.json.
    ///   - configuration: the bytes of a tokenizer_config.json.
    package init(data: Data, configuration: Data?) throws(TokenizerError) {
        let file = try TokenizerFile(data)
        let settings =
            if let configuration { try TokenizerConfiguration(configuration) } else {
                TokenizerConfiguration?.none
            }
        try self.init(
            file, fingerprint: data, source: .files(data, configuration: configuration),
            ends: .names(settings?.beginningOfText, settings?.endOfText),
            maximumLength: settings?.maximumLength)
    }

    /// Reads the tokenizer of a GGUF file.
    package init(metadata: GGUFMetadata) throws(TokenizerError) {
        do throws(TokenizerError) {
            let parts = try GGUFTokenizer(metadata)
            try self.init(
                try parts.file(), fingerprint: metadata.data, source: .metadata(metadata),
                ends: .ids(parts.bosID, parts.eosID), maximumLength: nil)
        } catch {
            if case .metadata = error { throw error }
            throw .inFile(path: metadata.path, error)
        }
    }

    /// The tokens that begin and end a text.
    private enum Ends {
        case names(String?, String?)
        case ids(Int32?, Int32?)
    }

    private init(
        _ file: TokenizerFile, fingerprint: Data, source: Source, ends: Ends,
        maximumLength: Int?
    ) throws(TokenizerError) {
        (self.fingerprint, self.source) = (fingerprint, source)
        self.maximumLength = maximumLength
        normalizer = if let json = file.normalizer { try Normalizer(json) } else { nil }
        if let settings = file.wordPiece {
            model = .wordPiece(
                try WordPieceModel(vocabulary: file.vocabulary, settings: settings))
        } else {
            model = .bytePair(
                try BytePairModel(
                    vocabulary: file.vocabulary, merges: file.merges, settings: file.settings,
                    startsWords: file.marksStartWords))
        }
        preTokenizer = try PreTokenizer(file.preTokenizer, modelReadsBytes: model.readsBytes)
        postProcessor =
            if let json = file.postProcessor { try PostProcessor(json) } else { PostProcessor() }
        decoder = if let json = file.decoder { try TokenDecoder(json) } else { nil }
        added = AddedVocabulary(
            file.addedTokens, model: model.vocabulary, normalizer: normalizer,
            classes: ScalarClasses())
        vocabularySize = max(model.vocabulary.idLimit, Int(added.largestID) + 1)
        switch ends {
        case .ids(let begin, let end): (bosID, eosID) = (begin, end)
        case .names(let begin, let end):
            bosID = try Self.id(begin, "bos_token", added, model.vocabulary)
            eosID = try Self.id(end, "eos_token", added, model.vocabulary)
        }
    }

    private static func id(
        _ token: String?, _ use: String, _ added: AddedVocabulary, _ vocabulary: Vocabulary
    ) throws(TokenizerError) -> Int32? {
        guard let token, !token.isEmpty else { return nil }
        guard let id = added.id(of: token) ?? vocabulary.id(of: token.utf8) else {
            throw .unknownToken(token, usedAs: "\(TokenizerConfiguration.name): \(use)")
        }
        return id
    }

    /// The id of a token as spelled in the vocabulary or the added tokens; nil if there is none.
    package func id(ofToken token: String) -> Int32? {
        added.id(of: token) ?? model.vocabulary.id(of: token.utf8)
    }

    /// Whether the id is that of a special token, which is never produced from text.
    package func isSpecial(_ id: Int32) -> Bool {
        added.entry(id)?.token.special ?? false
    }

    // MARK: Encoding

    /// The ids of a text, without special tokens around them. A special token's name in the text is
    /// ordinary characters (Hugging Face's `split_special_tokens`); other added tokens are
    /// recognized.
    package func encode(_ text: String) -> [Int32] {
        encode(text, specialTokens: false)
    }

    /// The ids of a text in which special tokens are recognized by name, with those that the
    /// post-processor adds, as Hugging Face's `encode` returns by default.
    package func encodeWithSpecialTokens(_ text: String) -> [Int32] {
        postProcessor.apply(to: encode(text, specialTokens: true))
    }

    /// The same, with at most `maximumLength` ids: the text is truncated, never the added special
    /// tokens.
    package func encodeWithSpecialTokens(
        _ text: String, maximumLength: Int
    ) -> (ids: [Int32], isTruncated: Bool) {
        let ids = encode(text, specialTokens: true)
        let room = max(0, maximumLength - postProcessor.apply(to: []).count)
        return (postProcessor.apply(to: Array(ids.prefix(room))), ids.count > room)
    }

    /// The ids of a text, without special tokens around them.
    ///
    /// - Parameter specialTokens: whether special tokens are recognized by name in the text.
    package func encode(_ text: String, specialTokens: Bool) -> [Int32] {
        var text = text
        return text.withUTF8 { bytes in
            scratch.with { scratch in
                var ids: [Int32] = []
                ids.reserveCapacity(bytes.count / 3 + 4)
                encode(bytes, specialTokens: specialTokens, into: &ids, scratch)
                return ids
            }
        }
    }

    private func encode(
        _ text: UnsafeBufferPointer<UInt8>, specialTokens: Bool, into ids: inout [Int32],
        _ scratch: EncodingScratch
    ) {
        let sections = added.sections(
            of: text, normalized: false, specialTokens: specialTokens, classes: scratch.classes)
        for section in sections {
            switch section {
            case .token(let id, _): ids.append(id)
            case .text(let range):
                encodeSection(
                    UnsafeBufferPointer(rebasing: text[range]),
                    leading: range.lowerBound == 0 ? UTF8Text.length(lead: text[0]) : 0,
                    specialTokens: specialTokens, &ids, scratch)
            }
        }
    }

    /// Encodes a part of the text without added tokens that are matched before normalization.
    /// - Parameter leading: how many bytes at the front stand for the whole text's first character.
    private func encodeSection(
        _ text: UnsafeBufferPointer<UInt8>, leading: Int, specialTokens: Bool,
        _ ids: inout [Int32], _ scratch: EncodingScratch
    ) {
        guard let normalizer else {
            encodeNormalized(text, leading: leading, specialTokens, &ids, scratch)
            return
        }
        var normalized = scratch.section
        scratch.section = []
        normalized.removeAll(keepingCapacity: true)
        normalized.append(contentsOf: text)
        var leading = leading
        normalizer.apply(to: &normalized, leading: &leading, classes: scratch.classes)
        normalized.withUnsafeBufferPointer {
            encodeNormalized($0, leading: leading, specialTokens, &ids, scratch)
        }
        scratch.section = normalized
    }

    private func encodeNormalized(
        _ text: UnsafeBufferPointer<UInt8>, leading: Int, _ specialTokens: Bool,
        _ ids: inout [Int32], _ scratch: EncodingScratch
    ) {
        let sections = added.sections(
            of: text, normalized: true, specialTokens: specialTokens, classes: scratch.classes)
        for section in sections {
            switch section {
            case .token(let id, _): ids.append(id)
            case .text(let range):
                encodePieces(
                    UnsafeBufferPointer(rebasing: text[range]),
                    leading: max(0, leading - range.lowerBound), &ids, scratch)
            }
        }
    }

    private func encodePieces(
        _ text: UnsafeBufferPointer<UInt8>, leading: Int, _ ids: inout [Int32],
        _ scratch: EncodingScratch
    ) {
        if preTokenizer.stages.isEmpty {
            switch model {
            case .bytePair(let model): model.encode(text, isBytes: false, into: &ids, scratch)
            case .wordPiece(let model): model.encode(text, into: &ids, scratch)
            }
            return
        }
        var list = scratch.list
        scratch.list = PieceList()
        list.reset(to: text)
        preTokenizer.apply(to: &list, leading: leading, classes: scratch.classes)
        list.bytes.withUnsafeBufferPointer { buffer in
            switch model {
            case .bytePair(let model):
                for piece in list.pieces {
                    model.encode(
                        UnsafeBufferPointer(rebasing: buffer[piece]),
                        isBytes: preTokenizer.leavesBytes, into: &ids, scratch)
                }
            case .wordPiece(let model):
                for piece in list.pieces {
                    model.encode(UnsafeBufferPointer(rebasing: buffer[piece]), into: &ids, scratch)
                }
            }
        }
        scratch.list = list
    }

    // MARK: Decoding

    /// The text of ids, special tokens included; `nil` if the vocabulary lacks one.
    package func text(ofTokens ids: [Int]) -> String? {
        guard ids.allSatisfy({ (0..<vocabularySize).contains($0) }) else { return nil }
        return decode(ids.map { Int32($0) }, skippingSpecialTokens: false)
    }

    /// The text of ids. Unknown ids are skipped.
    package func decode(_ ids: [Int32], skippingSpecialTokens: Bool) -> String {
        var tokens: [TokenDecoder.Token] = []
        tokens.reserveCapacity(ids.count)
        for id in ids {
            if let entry = added.entry(id) {
                if skippingSpecialTokens, entry.token.special { continue }
                tokens.append(entry.decoded)
            } else if let token = model.vocabulary.token(id) {
                tokens.append(Array(token))
            }
        }
        guard let decoder else {
            return String(decoding: Array(tokens.joined(separator: [0x20])), as: UTF8.self)
        }
        return scratch.with { scratch in
            let parts = decoder.apply(to: tokens, classes: scratch.classes)
            return String(decoding: Array(parts.joined()), as: UTF8.self)
        }
    }
}

/// How the pieces of a text become ids.
enum TokenModel: Sendable {
    case bytePair(BytePairModel)
    case wordPiece(WordPieceModel)

    var vocabulary: Vocabulary {
        switch self {
        case .bytePair(let model): model.vocabulary
        case .wordPiece(let model): model.vocabulary
        }
    }

    /// Whether it has a symbol for each byte, so that a ByteLevel stage need not spell them out.
    var readsBytes: Bool {
        if case .bytePair(let model) = self { model.byteSymbols != nil } else { false }
    }
}
