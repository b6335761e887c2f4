/// The tokens in addition to the model's vocabulary, and their search in a text.
struct AddedVocabulary: Sendable {
    struct Entry: Sendable {
        let token: AddedToken
        let id: Int32
        /// The token's text for decoding: its content, normalized if the token is.
        let decoded: [UInt8]
    }

    private(set) var entries: [Entry] = []
    /// Keyed by bytes, because Swift treats canonically equivalent strings as equal.
    private var idsByContent: [[UInt8]: Int32] = [:]
    private var indicesByID: [Int32: Int] = [:]
    private var plainTrie = TokenTrie()
    private var normalizedTrie = TokenTrie()
    /// Whether any token is not special, so that text has to be searched even when special tokens
    /// are ordinary characters in it.
    private(set) var hasOrdinaryTokens = false

    /// The id for the next token that is in neither the model's vocabulary nor the list.
    private(set) var nextID: Int32

    /// Numbers the tokens as Hugging Face's library does: with the model's id if the vocabulary has
    /// the token, else the next free number after the vocabulary. In files written by the library,
    /// these equal the ids in the file.
    init(
        _ tokens: [AddedToken], model: Vocabulary, normalizer: Normalizer?, classes: ScalarClasses
    ) {
        nextID = Int32(model.count)
        for token in tokens where !token.content.isEmpty {
            add(token, model: model, normalizer: normalizer, classes: classes)
        }
        for (index, entry) in entries.enumerated() where indicesByID[entry.id] == index {
            if !entry.token.special { hasOrdinaryTokens = true }
            if entry.token.normalized {
                normalizedTrie.insert(entry.decoded, index)
            } else {
                plainTrie.insert(Array(entry.token.content.utf8), index)
            }
        }
    }

    private mutating func add(
        _ token: AddedToken, model: Vocabulary, normalizer: Normalizer?, classes: ScalarClasses
    ) {
        let content = Array(token.content.utf8)
        var decoded = content
        if token.normalized { normalizer?.apply(to: &decoded, classes: classes) }
        let id: Int32
        if let known = idsByContent[content] ?? model.id(of: content) {
            id = known
        } else {
            id = nextID
            nextID += 1
        }
        idsByContent[content] = id
        indicesByID[id] = entries.count
        entries.append(Entry(token: token, id: id, decoded: decoded))
    }

    func id(of token: String) -> Int32? { idsByContent[Array(token.utf8)] }

    func entry(_ id: Int32) -> Entry? { indicesByID[id].map { entries[$0] } }

    var largestID: Int32 { indicesByID.keys.max() ?? -1 }

    // MARK: In a text

    /// A part of a text: an added token, or text between added tokens.
    enum Section {
        case text(Range<Int>)
        /// The range has the white space that the token takes in.
        case token(Int32, Range<Int>)
    }

    /// Splits a text at its added tokens.
    ///
    /// - Parameters:
    ///   - normalized: whether the text is normalized, which determines the tokens to look for.
    ///   - specialTokens: whether special tokens are recognized; otherwise they are ordinary
    ///     characters, which is Hugging Face's `split_special_tokens`.
    func sections(
        of text: UnsafeBufferPointer<UInt8>, normalized: Bool, specialTokens: Bool,
        classes: ScalarClasses
    ) -> [Section] {
        let trie = normalized ? normalizedTrie : plainTrie
        guard let base = text.baseAddress, !trie.isEmpty, specialTokens || hasOrdinaryTokens else {
            return text.isEmpty ? [] : [.text(0..<text.count)]
        }
        var sections: [Section] = []
        var done = 0
        var from = 0
        while let (index, match) = trie.next(in: text, from: from) {
            from = match.upperBound
            let entry = entries[index]
            if entry.token.special, !specialTokens { continue }
            if entry.token.singleWord, touchesWord(match, in: text, base, classes) { continue }
            var start = match.lowerBound
            var end = match.upperBound
            if entry.token.stripsLeft {
                while start > done {
                    let last = UTF8Text.start(before: start, in: base)
                    guard classes.isWhiteSpace(UTF8Text.decode(base, at: last).scalar) else {
                        break
                    }
                    start = last
                }
                start = max(start, done)
            }
            if entry.token.stripsRight {
                while end < text.count {
                    let (scalar, length) = UTF8Text.decode(base, at: end)
                    guard classes.isWhiteSpace(scalar) else { break }
                    end += length
                }
            }
            if done < start { sections.append(.text(done..<start)) }
            sections.append(.token(entry.id, start..<end))
            done = end
        }
        if done < text.count { sections.append(.text(done..<text.count)) }
        return sections
    }

    private func touchesWord(
        _ match: Range<Int>, in text: UnsafeBufferPointer<UInt8>, _ base: UnsafePointer<UInt8>,
        _ classes: ScalarClasses
    ) -> Bool {
        if match.lowerBound > 0 {
            let before = UTF8Text.start(before: match.lowerBound, in: base)
            if classes.isWord(UTF8Text.decode(base, at: before).scalar) { return true }
        }
        return match.upperBound < text.count
            && classes.isWord(UTF8Text.decode(base, at: match.upperBound).scalar)
    }
}
