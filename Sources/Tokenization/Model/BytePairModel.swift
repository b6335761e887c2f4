/// Hugging Face's `BPE` model: the vocabulary, the merges, and the treatment of characters that are
/// not in the vocabulary.
struct BytePairModel: Sendable {
    let vocabulary: Vocabulary
    let merges: MergeTable
    let settings: Settings

    struct Settings: Sendable {
        var unknownToken: String?
        var continuingSubwordPrefix: [UInt8] = []
        var endOfWordSuffix: [UInt8] = []
        var fusesUnknown = false
        var fallsBackToBytes = false
        /// Whether a piece that is a token as a whole is encoded as that token.
        var ignoresMerges = false
    }

    /// The symbol of each byte; nil if the model is not byte-level or lacks one of the 256.
    let byteSymbols: [Int32]?
    /// The symbols `<0x00>` … `<0xFF>`, or -1 for those not in the vocabulary.
    let fallbackSymbols: [Int32]
    let unknownID: Int32
    /// The symbols of ASCII characters, or -1 for those not in the vocabulary.
    let asciiSymbols: [Int32]
    /// A character before which any text may be split without changing the result, because no token
    /// has it after another character: SentencePiece's `▁`, in models without a pre-tokenizer, for
    /// which a whole document would otherwise be one word.
    let wordStart: [UInt8]?

    init(vocabulary: Vocabulary, merges: MergeTable, settings: Settings, startsWords: Bool)
        throws(TokenizerError)
    {
        self.vocabulary = vocabulary
        self.merges = merges
        self.settings = settings
        let plain = settings.continuingSubwordPrefix.isEmpty && settings.endOfWordSuffix.isEmpty
        let symbols = (0...255).map { byte -> Int32 in
            var spelled: [UInt8] = []
            UTF8Text.append(ByteAlphabet.scalars[byte], to: &spelled)
            return vocabulary.id(of: spelled) ?? -1
        }
        byteSymbols = plain && symbols.allSatisfy({ $0 >= 0 }) ? symbols : nil
        asciiSymbols = (0..<128).map { vocabulary.id(of: [UInt8($0)]) ?? -1 }
        fallbackSymbols = (0...255).map { byte -> Int32 in
            guard settings.fallsBackToBytes else { return -1 }
            return vocabulary.id(of: Self.fallbackToken(UInt8(byte)).utf8) ?? -1
        }
        unknownID = settings.unknownToken.flatMap { vocabulary.id(of: $0.utf8) } ?? -1
        if let token = settings.unknownToken, !token.isEmpty, unknownID < 0 {
            throw .unknownToken(token, usedAs: "model.unk_token")
        }
        let mark = Self.wordStartMark
        let separable = plain && startsWords && !settings.ignoresMerges
        wordStart = separable && vocabulary.id(of: mark) != nil ? mark : nil
    }

    static let wordStartMark: [UInt8] = [0xE2, 0x96, 0x81]

    /// `<0x0A>` for a line feed.
    static func fallbackToken(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16, uppercase: true)
        return "<0x\(digits.count == 1 ? "0" : "")\(digits)>"
    }
}
