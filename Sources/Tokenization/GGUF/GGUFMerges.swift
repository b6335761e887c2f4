import FileFormat

/// The merges of a GGUF file's tokens, in order of rank.
struct GGUFMerges {
    /// (left, right) ids.
    private(set) var pairs: [(left: Int32, right: Int32)] = []
    private(set) var table = MergeTable(capacity: 0)
    /// Whether `▁` only ever begins a token, see ``TokenizerFile/marksStartWords``.
    private(set) var marksStartWords = true

    /// Reads strings `left right`, the highest rank first.
    init(_ merges: GGUFArray, _ vocabulary: Vocabulary) throws(TokenizerError) {
        table = MergeTable(capacity: merges.count)
        pairs.reserveCapacity(merges.count)
        // A byte-pair tokenizer's tokens are mostly in the order of its merges: trying the id after
        // the last one saves a third of the lookups.
        var next: Int32 = 0
        for index in 0..<(merges.isOfStrings ? merges.count : 0) {
            let bytes = merges.string(index).bytes
            // The left token may itself begin with a space.
            guard let space = bytes.dropFirst().firstIndex(of: 0x20), space + 1 < bytes.count else {
                throw .malformedMerge(index: index)
            }
            let left = UnsafeBufferPointer(rebasing: bytes[..<space])
            let right = UnsafeBufferPointer(rebasing: bytes[(space + 1)...])
            let (leftID, rightID) = (vocabulary.id(of: left), vocabulary.id(of: right))
            var result = next
            if !vocabulary.token(next, is: left, right) {
                result = vocabulary.id(of: Array(left) + right) ?? -1
            }
            guard leftID >= 0, rightID >= 0, result >= 0 else {
                let missing =
                    leftID < 0 ? Array(left) : rightID < 0 ? Array(right) : Array(left) + right
                throw .mergeOfUnknownToken(
                    index: index, token: String(decoding: missing, as: UTF8.self))
            }
            next = result + 1
            add(leftID, rightID, result, left: left, right: right)
        }
    }

    /// Derives merges from scores, as in SentencePiece's byte-pair model: of all adjacent tokens
    /// whose concatenation is a token, those with the highest score merge first.
    ///
    /// Every way to split a token into two others is a merge, ranked by the token's score, then by
    /// the ids of the parts, as in Llama 2's tokenizer.json.
    init(scores: [Float], kinds: [GGUFTokenizer.Kind], _ vocabulary: Vocabulary) {
        struct Candidate {
            let score: Float
            let left, right, result: Int32
        }
        var candidates: [Candidate] = []
        for id in 0..<Int32(vocabulary.idLimit) {
            guard let token = vocabulary.token(id), kinds[Int(id)] == .normal,
                token.count <= Self.longestMerged
            else { continue }
            token.withUnsafeBufferPointer { bytes in
                for split in 1..<max(1, bytes.count) where bytes[split] & 0xC0 != 0x80 {
                    let left = vocabulary.id(of: UnsafeBufferPointer(rebasing: bytes[..<split]))
                    guard left >= 0 else { continue }
                    let right = vocabulary.id(of: UnsafeBufferPointer(rebasing: bytes[split...]))
                    guard right >= 0 else { continue }
                    candidates.append(
                        Candidate(
                            score: scores[Int(id)], left: left, right: right, result: id))
                }
            }
        }
        candidates.sort {
            (-$0.score, $0.left, $0.right) < (-$1.score, $1.left, $1.right)
        }
        table = MergeTable(capacity: candidates.count)
        pairs.reserveCapacity(candidates.count)
        for merge in candidates {
            let (left, right) = (vocabulary.token(merge.left), vocabulary.token(merge.right))
            left?.withUnsafeBufferPointer { left in
                right?.withUnsafeBufferPointer { right in
                    add(merge.left, merge.right, merge.result, left: left, right: right)
                }
            }
        }
    }

    /// No model has longer tokens that merge; trying all splits is quadratic.
    private static let longestMerged = 1024

    private mutating func add(
        _ leftID: Int32, _ rightID: Int32, _ result: Int32, left: UnsafeBufferPointer<UInt8>,
        right: UnsafeBufferPointer<UInt8>
    ) {
        let mark = BytePairModel.wordStartMark
        if right.starts(with: mark), !left.suffix(3).elementsEqual(mark) { marksStartWords = false }
        table.insert(leftID, rightID, rank: pairs.count, result: result)
        pairs.append((leftID, rightID))
    }
}
