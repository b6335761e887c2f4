/// Hugging Face's `WordPiece` model: a word becomes the longest token that it begins with, then the
/// longest that continues it, and so on (Wu et al. 2016, as BERT has it).
struct WordPieceModel: Sendable {
    struct Settings: Sendable {
        /// What a word becomes that no sequence of tokens spells.
        var unknownToken = "[UNK]"
        /// Begins the tokens that continue a word.
        var continuingPrefix: [UInt8] = Array("##".utf8)
        /// Words of more characters are unknown.
        var longestWord = 100
    }

    let vocabulary: Vocabulary
    private let settings: Settings
    private let unknownID: Int32
    /// The bytes of the longest token, its prefix left out: no longer piece is looked for.
    private let longestToken: Int

    init(vocabulary: Vocabulary, settings: Settings) throws(TokenizerError) {
        guard let unknown = vocabulary.id(of: settings.unknownToken.utf8) else {
            throw .unknownToken(settings.unknownToken, usedAs: "model.unk_token")
        }
        (self.vocabulary, self.settings, unknownID) = (vocabulary, settings, unknown)
        longestToken = vocabulary.longestToken
    }

    /// Appends the ids of a word, which is valid UTF-8.
    func encode(
        _ word: UnsafeBufferPointer<UInt8>, into output: inout [Int32], _ scratch: EncodingScratch
    ) {
        guard let base = word.baseAddress, word.count > 0 else { return }
        let cacheable = word.count <= WordCache.longestWord
        var hash: UInt32 = 0
        if cacheable {
            hash = ByteHash.hash(base, word.count)
            if scratch.words.append(base, word.count, hash: hash, to: &output) { return }
        }
        let first = output.count
        if characters(in: word) > settings.longestWord || !split(word, into: &output, scratch) {
            output.removeSubrange(first...)
            output.append(unknownID)
        }
        if cacheable {
            scratch.words.insert(base, word.count, hash: hash, ids: output[first...])
        }
    }

    private func characters(in word: UnsafeBufferPointer<UInt8>) -> Int {
        word.reduce(0) { $0 + ($1 & 0xC0 == 0x80 ? 0 : 1) }
    }

    /// False if some part of the word begins no token; the ids so far are then appended.
    private func split(
        _ word: UnsafeBufferPointer<UInt8>, into output: inout [Int32], _ scratch: EncodingScratch
    ) -> Bool {
        let prefix = settings.continuingPrefix
        var start = 0
        while start < word.count {
            // The piece with its prefix, of which ever shorter beginnings are looked up.
            scratch.spelled.removeAll(keepingCapacity: true)
            if start > 0 { scratch.spelled.append(contentsOf: prefix) }
            let before = scratch.spelled.count
            let longest = min(word.count - start, longestToken)
            scratch.spelled.append(
                contentsOf: UnsafeBufferPointer(rebasing: word[start..<start + longest]))
            let found = scratch.spelled.withUnsafeBufferPointer { piece -> (id: Int32, end: Int)? in
                var end = piece.count
                while end > before {
                    // Never within a character: before a byte that continues one.
                    let next = start + end - before
                    if next == word.count || word[next] & 0xC0 != 0x80 {
                        let id = vocabulary.id(of: UnsafeBufferPointer(rebasing: piece[..<end]))
                        if id >= 0 { return (id, end - before) }
                    }
                    end -= 1
                }
                return nil
            }
            guard let found else { return false }
            output.append(found.id)
            start += found.end
        }
        return true
    }
}
