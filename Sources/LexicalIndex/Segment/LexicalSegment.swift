import FileFormat
import Foundation

/// An inverted index of passages: for each stem, the passages that contain it and how often.
/// Immutable, in a memory-mapped file or in memory; any number of threads can search it at once.
///
/// Slots number the passages from 0 in the order of their keys.
package final class LexicalSegment: Sendable {
    /// The database and the passages that the segment covers.
    package let header: LexicalHeader
    /// The number of passages.
    package let count: Int
    /// The number of words in all passages.
    package let totalLength: Int
    /// The number of distinct terms.
    package let termCount: Int
    /// The mean length of this segment's passages, which impacts refer to.
    let averageLength: Double
    /// The file; `nil` for a segment in memory.
    package let path: String?

    nonisolated(unsafe) let keys: KeyColumn
    nonisolated(unsafe) let lengths: LengthColumn
    nonisolated(unsafe) let dictionary: TermDictionary
    nonisolated(unsafe) private let postings: UnsafeRawBufferPointer
    nonisolated(unsafe) private let deletions: UnsafeRawBufferPointer
    private let file: SectionFileReader<SegmentSection>?
    private let memory: SegmentMemory?

    /// Maps a file and checks its header, but not its large sections; `verify()` does.
    ///
    /// - Throws: `notThisKind`, `unsupportedVersion`, `damaged`, `file`.
    package init(path: String, fileSystem: any FileSystem = SystemFileSystem())
        throws(SectionFileError)
    {
        let file = try SectionFileReader<SegmentSection>(
            path: path, kind: .lexical, fileSystem: fileSystem)
        let fields = try SegmentFields(file)
        self.file = file
        self.path = path
        memory = nil
        header = fields.header
        count = fields.count
        totalLength = fields.totalLength
        termCount = fields.termCount
        averageLength = BM25.average(length: totalLength, passages: count)
        keys = KeyColumn(
            try file.section(.keys, count: count * fields.keyWidth), width: fields.keyWidth,
            base: fields.keyBase)
        lengths = LengthColumn(
            try file.section(.lengths, count: count * fields.lengthWidth),
            width: fields.lengthWidth)
        postings = file.section(.postings)
        deletions = file.section(.deletions)
        let blocks =
            (termCount + TermDictionaryWriter.blockLength - 1) / TermDictionaryWriter.blockLength
        dictionary = TermDictionary(
            bytes: file.section(.dictionary),
            index: try file.section(.dictionaryIndex, count: blocks * 16), count: termCount)
    }

    init(_ fields: SegmentFields, memory: SegmentMemory) {
        self.memory = memory
        file = nil
        path = nil
        header = fields.header
        count = fields.count
        totalLength = fields.totalLength
        termCount = fields.termCount
        averageLength = BM25.average(length: totalLength, passages: count)
        keys = KeyColumn(memory.section(.keys), width: fields.keyWidth, base: fields.keyBase)
        lengths = LengthColumn(memory.section(.lengths), width: fields.lengthWidth)
        postings = memory.section(.postings)
        deletions = memory.section(.deletions)
        dictionary = TermDictionary(
            bytes: memory.section(.dictionary), index: memory.section(.dictionaryIndex),
            count: termCount)
    }

    /// The size of the file, or the approximate size in memory, in bytes.
    package var byteCount: Int {
        file?.file.count
            ?? keys.bytes.count + lengths.bytes.count + postings.count + dictionary.bytes.count
            + dictionary.index.count
    }

    /// The key of the passage at a slot in 0 ..< `count`.
    package func key(at slot: Int) -> Int64 { keys[slot] }

    /// The slot of a passage; `nil` if it is not in this segment.
    ///
    /// - Complexity: O(log n).
    package func slot(ofKey key: Int64) -> Int? {
        let slot = keys.lowerBound(key)
        return slot < count && keys[slot] == key ? slot : nil
    }

    /// The number of words of the passage at a slot.
    package func length(at slot: Int) -> Int { lengths[slot] }

    /// The slots of the previous segment that had been deleted when this one was written,
    /// ascending.
    package var deletionsBefore: [UInt32] {
        (0..<deletions.count / 4).map {
            deletions.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self)
        }
    }

    /// Verifies the checksum of every section, which reads the whole file.
    package func verify() throws(SectionFileError) { try file?.verify() }

    // MARK: Terms

    func postingList(of term: [UInt8]) -> PostingList? {
        term.withUnsafeBufferPointer { dictionary.entry(of: $0) }.flatMap(postingList)
    }

    func postingList(_ entry: TermEntry) -> PostingList? {
        guard entry.offset >= 0, entry.byteCount >= 0, entry.count <= count,
            entry.offset <= postings.count, entry.byteCount <= postings.count - entry.offset
        else { return nil }
        return PostingList(
            UnsafeRawBufferPointer(
                rebasing: postings[entry.offset..<entry.offset + entry.byteCount]),
            count: entry.count, impact: entry.impact)
    }

    func damaged(_ part: String, _ reason: String) -> SectionFileError {
        .damaged(path: path ?? "the segment in memory", part: part, reason: reason)
    }
}

/// Increasing keys, stored as differences from the first.
struct KeyColumn {
    let bytes: UnsafeRawBufferPointer
    let width: Int
    let base: Int64

    init(_ bytes: UnsafeRawBufferPointer, width: Int, base: Int64) {
        (self.bytes, self.width, self.base) = (bytes, width, base)
    }

    var count: Int { bytes.count / width }

    static func width(_ keys: [Int64]) -> Int {
        guard let first = keys.first, let last = keys.last else { return 4 }
        let (span, overflow) = last.subtractingReportingOverflow(first)
        return !overflow && span <= Int64(UInt32.max) ? 4 : 8
    }

    subscript(slot: Int) -> Int64 {
        width == 4
            ? base &+ Int64(bytes.load(fromByteOffset: slot * 4, as: UInt32.self))
            : base &+ bytes.load(fromByteOffset: slot * 8, as: Int64.self)
    }

    /// The first slot from `start` on whose key is not below `key`.
    func lowerBound(_ key: Int64, from start: Int = 0) -> Int {
        var (low, high) = (start, count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < key { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// The number of words of each passage.
struct LengthColumn {
    let bytes: UnsafeRawBufferPointer
    let width: Int

    init(_ bytes: UnsafeRawBufferPointer, width: Int) { (self.bytes, self.width) = (bytes, width) }

    @inline(__always) subscript(slot: Int) -> Int {
        width == 2
            ? Int(bytes.load(fromByteOffset: slot * 2, as: UInt16.self))
            : Int(bytes.load(fromByteOffset: slot * 4, as: UInt32.self))
    }
}

extension SegmentFields {
    /// - Throws: `damaged` for a value that is out of range, or for other parameters of BM25.
    init(_ file: SectionFileReader<SegmentSection>) throws(SectionFileError) {
        var fields = file.fields
        func number(_ name: String, _ allowed: ClosedRange<Int>) throws(SectionFileError) -> Int {
            let value = fields.uint64()
            guard value <= UInt64(allowed.upperBound), value >= UInt64(allowed.lowerBound) else {
                throw file.damaged("trailer", "\(name) is \(value)")
            }
            return Int(value)
        }
        let identity = fields.bytes(16).withUnsafeBytes { $0.loadUnaligned(as: uuid_t.self) }
        let collection = fields.int64()
        let place = LexicalHeader.Place(position: fields.int64(), token: fields.int64())
        let hasPredecessor = try number("has predecessor", 0...1) == 1
        let predecessor = LexicalHeader.Place(position: fields.int64(), token: fields.int64())
        header = LexicalHeader(
            databaseIdentity: UUID(uuid: identity), collection: collection, place: place,
            predecessor: hasPredecessor ? predecessor : nil, throughKey: fields.int64())
        count = try number("count", 0...Int(UInt32.max) - 1)
        termCount = try number("number of terms", 0...Int(UInt32.max))
        // Low enough that the sum over several segments cannot overflow.
        totalLength = try number("length", 0...1 << 56)
        keyBase = fields.int64()
        keyWidth = try number("key width", 4...8)
        lengthWidth = try number("length width", 2...4)
        guard keyWidth != 5, keyWidth != 6, keyWidth != 7, lengthWidth != 3 else {
            throw file.damaged("trailer", "a column is \(keyWidth) or \(lengthWidth) bytes wide")
        }
        guard fields.uint64() == BM25.standard.k1.bitPattern,
            fields.uint64() == BM25.standard.b.bitPattern
        else {
            throw file.damaged("trailer", "it was written for other parameters of BM25")
        }
    }
}
