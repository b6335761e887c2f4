// Terms in byte order, in blocks of 16. Each block has an index entry of 16 bytes: its offset in
// the dictionary, and the offset of its first posting list. A term is
//
// number of bytes shared with the previous term (0 for a block's first) · number of further bytes,
// and these bytes · number of postings · size of the posting list · impact
//
// with numbers as variable-length integers (7 bits a byte, low ones first) and the impact as a byte.

/// A term's entry in the dictionary.
struct TermEntry: Equatable {
    /// The number of passages that contain it.
    var count: Int
    /// The offset of its posting list.
    var offset: Int
    var byteCount: Int
    var impact: UInt8
}

struct TermDictionaryWriter {
    static let blockLength = 16

    private(set) var bytes: [UInt8] = []
    private(set) var index: [UInt64] = []
    private(set) var count = 0
    private var previous: [UInt8] = []

    /// Appends a term. Terms must come in byte order, each once.
    mutating func append(_ term: UnsafeBufferPointer<UInt8>, _ entry: TermEntry) {
        var shared = 0
        if count % Self.blockLength == 0 {
            index.append(UInt64(bytes.count))
            index.append(UInt64(entry.offset))
        } else {
            let limit = min(previous.count, term.count)
            while shared < limit, previous[shared] == term[shared] { shared += 1 }
        }
        append(shared)
        append(term.count - shared)
        bytes += term[shared...]
        append(entry.count)
        append(entry.byteCount)
        bytes.append(entry.impact)
        previous.replaceSubrange(shared..., with: term[shared...])
        count += 1
    }

    private mutating func append(_ number: Int) {
        var rest = UInt64(number)
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}

/// Finds terms in a mapped dictionary. In a damaged one terms may be missing, but nothing traps.
struct TermDictionary {
    let bytes: UnsafeRawBufferPointer
    /// Two 8-byte numbers per block.
    let index: UnsafeRawBufferPointer
    let count: Int

    private var blockCount: Int { index.count / 16 }

    private func number(_ place: Int) -> Int {
        Int(truncatingIfNeeded: index.loadUnaligned(fromByteOffset: place * 8, as: UInt64.self))
    }

    func entry(of term: UnsafeBufferPointer<UInt8>) -> TermEntry? {
        var low = 0
        var high = blockCount
        while low < high {
            let middle = (low + high) / 2
            guard let first = firstTerm(ofBlock: middle) else { return nil }
            if !term.lexicographicallyPrecedes(first) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        guard low > 0 else { return nil }
        var cursor = TermCursor(self, block: low - 1)
        for _ in 0..<TermDictionaryWriter.blockLength where cursor.next() {
            if cursor.term.elementsEqual(term) { return cursor.entry }
        }
        return nil
    }

    /// The term's bytes in place; `nil` if they are invalid.
    private func firstTerm(ofBlock block: Int) -> UnsafeRawBufferPointer? {
        var place = start(ofBlock: block).bytes
        guard readNumber(&place) == 0, let length = readNumber(&place),
            length <= WordScanner.longestWord, place + length <= bytes.count
        else { return nil }
        return UnsafeRawBufferPointer(rebasing: bytes[place..<place + length])
    }

    /// A variable-length number; `nil` if there is no valid one.
    fileprivate func readNumber(_ place: inout Int) -> Int? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while place >= 0, place < bytes.count, shift < 42 {
            let byte = bytes[place]
            place += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return Int(value) }
            shift += 7
        }
        return nil
    }

    fileprivate func start(ofBlock block: Int) -> (bytes: Int, postings: Int) {
        (number(2 * block), number(2 * block + 1))
    }
}

/// Reads terms in order.
struct TermCursor {
    private let dictionary: TermDictionary
    private var place: Int
    private var nextOffset: Int
    private var ordinal: Int
    private(set) var term: [UInt8] = []
    private(set) var entry = TermEntry(count: 0, offset: 0, byteCount: 0, impact: 0)

    init(_ dictionary: TermDictionary, block: Int = 0) {
        self.dictionary = dictionary
        ordinal = block * TermDictionaryWriter.blockLength
        (place, nextOffset) =
            dictionary.index.count >= 16 * (block + 1) ? dictionary.start(ofBlock: block) : (0, 0)
    }

    /// Moves to the next term; `false` at the end, and if the bytes are invalid.
    mutating func next() -> Bool {
        guard ordinal < dictionary.count, let shared = number(), let added = number(),
            shared <= term.count, added <= WordScanner.longestWord,
            place + added <= dictionary.bytes.count
        else { return false }
        term.replaceSubrange(shared..., with: dictionary.bytes[place..<place + added])
        place += added
        guard let count = number(), let length = number(), place < dictionary.bytes.count else {
            return false
        }
        entry = TermEntry(
            count: count, offset: nextOffset, byteCount: length, impact: dictionary.bytes[place])
        place += 1
        let (end, overflow) = nextOffset.addingReportingOverflow(length)
        guard !overflow, place >= 0 else { return false }
        nextOffset = end
        ordinal += 1
        return true
    }

    private mutating func number() -> Int? { dictionary.readNumber(&place) }
}

extension Array<UInt8> {
    /// Whether it comes before `other` in byte order.
    func precedes(_ other: some Sequence<UInt8>) -> Bool { lexicographicallyPrecedes(other) }
}
