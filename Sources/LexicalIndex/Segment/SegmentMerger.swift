import FileFormat

/// Merges several segments into one, without their deleted passages.
package struct SegmentMerger {
    /// In the order of their keys.
    private let parts: [LiveSegment]
    /// For each part the new slot of each old one; `nil` if all move by the same amount.
    private let moves: [[UInt32]?]
    private let starts: [UInt32]
    private let keys: [Int64]
    private let lengths: [UInt32]
    /// `false` if a part is damaged.
    private let keysAscend: Bool

    private static let gone = UInt32.max

    /// - Parameter parts: every key of one is below every key of the next.
    package init(_ parts: [LiveSegment]) {
        self.parts = parts
        var moves: [[UInt32]?] = []
        var starts: [UInt32] = []
        var keys: [Int64] = []
        var lengths: [UInt32] = []
        let total = parts.reduce(0) { $0 + $1.count }
        keys.reserveCapacity(total)
        lengths.reserveCapacity(total)
        for part in parts {
            let segment = part.segment
            starts.append(UInt32(keys.count))
            var move: [UInt32]? = part.deletions == nil ? nil : []
            for slot in 0..<segment.count {
                if part.deletions?.contains(UInt32(slot)) == true {
                    move?.append(Self.gone)
                } else {
                    move?.append(UInt32(keys.count))
                    keys.append(segment.key(at: slot))
                    lengths.append(UInt32(segment.length(at: slot)))
                }
            }
            moves.append(move)
        }
        keysAscend = zip(keys, keys.dropFirst()).allSatisfy { $0 < $1 }
        (self.moves, self.starts, self.keys, self.lengths) = (moves, starts, keys, lengths)
    }

    /// The number of passages in the result.
    package var count: Int { keys.count }

    /// Writes the segment to a file, whole or not at all.
    ///
    /// - Parameter deletionsBefore: the deleted slots of the previous segment, ascending.
    /// - Throws: `damaged` if a part is damaged; `file`.
    package func write(
        to path: String, header: LexicalHeader, deletionsBefore: [UInt32] = [],
        fileSystem: any FileSystem = SystemFileSystem()
    ) throws(SectionFileError) {
        var encoder = try SegmentEncoder(
            sink: FileSink(path: path, fileSystem: fileSystem), lengths: lengths)
        try merge(into: &encoder)
        let fields = try encoder.finish(header, keys: keys, deletionsBefore: deletionsBefore)
        try encoder.sink.commit(fields)
    }

    /// Builds the segment in memory.
    package func segment(_ header: LexicalHeader = .transient) throws(SectionFileError)
        -> LexicalSegment
    {
        var encoder = try SegmentEncoder(sink: MemorySink(), lengths: lengths)
        try merge(into: &encoder)
        let fields = try encoder.finish(header, keys: keys)
        return LexicalSegment(fields, memory: SegmentMemory(encoder.sink.sections))
    }

    private func merge<Sink>(into encoder: inout SegmentEncoder<Sink>) throws(SectionFileError) {
        guard keysAscend else {
            throw parts[0].segment.damaged("keys", "they do not ascend")
        }
        var cursors = parts.map { TermCursor($0.segment.dictionary) }
        var open: [Int] = []
        for part in parts.indices where cursors[part].next() { open.append(part) }
        var postings = Postings()
        while var first = open.first {
            for part in open.dropFirst() where cursors[part].term.precedes(cursors[first].term) {
                first = part
            }
            let term = cursors[first].term
            postings.removeAll()
            for part in open where cursors[part].term == term {
                try append(cursors[part].entry, of: part, to: &postings)
            }
            open.removeAll { part in cursors[part].term == term && !cursors[part].next() }
            guard postings.count > 0 else { continue }
            let outcome: Result<Void, SectionFileError> = term.withUnsafeBufferPointer { term in
                do throws(SectionFileError) {
                    try encoder.append(term, postings)
                    return .success(())
                } catch { return .failure(error) }
            }
            try outcome.get()
        }
    }

    /// Whether slots ascend and are in the segment's range, and frequencies are positive.
    private func isSound(_ postings: Postings, from start: Int, in segment: LexicalSegment) -> Bool
    {
        var next: UInt32 = 0
        for index in start..<postings.count {
            let slot = postings.slots[index]
            guard slot >= next, slot < segment.count, postings.frequencies[index] > 0 else {
                return false
            }
            next = slot + 1
        }
        return true
    }

    private func append(_ entry: TermEntry, of part: Int, to postings: inout Postings)
        throws(SectionFileError)
    {
        let segment = parts[part].segment
        let start = postings.count
        guard let list = segment.postingList(entry), list.unpack(into: &postings),
            isSound(postings, from: start, in: segment)
        else { throw segment.damaged("postings", "a list cannot be read") }
        if let move = moves[part] {
            var kept = start
            for index in start..<postings.count {
                let slot = move[Int(postings.slots[index])]
                guard slot != Self.gone else { continue }
                postings.slots[kept] = slot
                postings.frequencies[kept] = postings.frequencies[index]
                kept += 1
            }
            postings.slots.removeLast(postings.count - kept)
            postings.frequencies.removeLast(postings.frequencies.count - kept)
        } else {
            for index in start..<postings.count { postings.slots[index] += starts[part] }
        }
    }
}
