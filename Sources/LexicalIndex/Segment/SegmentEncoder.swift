import FileFormat

/// Writes a segment: terms in order, then the columns.
struct SegmentEncoder<Sink: SegmentSink> {
    private(set) var sink: Sink
    private let lengths: [UInt32]
    private let average: Double
    private let totalLength: Int
    private var dictionary = TermDictionaryWriter()
    private var encoder = PostingListEncoder()
    private var offset = 0

    /// - Parameter lengths: the number of words of each passage, by slot.
    init(sink: Sink, lengths: [UInt32]) throws(SectionFileError) {
        self.sink = sink
        self.lengths = lengths
        totalLength = lengths.reduce(0) { $0 + Int($1) }
        average = BM25.average(length: totalLength, passages: lengths.count)
        try self.sink.begin()
    }

    /// Appends a term with at least one posting. Terms must come in byte order.
    mutating func append(_ term: UnsafeBufferPointer<UInt8>, _ postings: Postings)
        throws(SectionFileError)
    {
        let (lengths, average) = (lengths, average)
        encoder.encode(postings) { slot, frequency in
            Impact.of(
                frequency: frequency, length: Int(lengths[Int(slot)]), average: average)
        }
        let entry = TermEntry(
            count: postings.count, offset: offset, byteCount: encoder.bytes.count,
            impact: encoder.impact)
        offset += entry.byteCount
        dictionary.append(term, entry)
        try sink.append(encoder.bytes)
    }

    /// - Parameters:
    ///   - keys: the passages' keys by slot, increasing.
    ///   - deletionsBefore: see `SegmentSection.deletions`.
    mutating func finish(_ header: LexicalHeader, keys: [Int64], deletionsBefore: [UInt32] = [])
        throws(SectionFileError) -> SegmentFields
    {
        precondition(keys.count == lengths.count)
        try sink.end(.postings)
        try sink.section(.dictionary, dictionary.bytes)
        try sink.section(.dictionaryIndex, dictionary.index)
        let base = keys.first ?? 0
        let keyWidth = KeyColumn.width(keys)
        if keyWidth == 4 {
            try sink.section(.keys, keys.map { UInt32($0 - base) })
        } else {
            try sink.section(.keys, keys.map { $0 &- base })
        }
        let lengthWidth = lengths.allSatisfy { $0 <= UInt32(UInt16.max) } ? 2 : 4
        if lengthWidth == 2 {
            try sink.section(.lengths, lengths.map { UInt16($0) })
        } else {
            try sink.section(.lengths, lengths)
        }
        try sink.section(.deletions, deletionsBefore)
        return SegmentFields(
            header: header, count: keys.count, termCount: dictionary.count,
            totalLength: totalLength, keyBase: base, keyWidth: keyWidth, lengthWidth: lengthWidth)
    }
}
