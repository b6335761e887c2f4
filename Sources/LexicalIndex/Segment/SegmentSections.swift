import FileFormat

/// The sections of a segment. The raw values are part of the format.
enum SegmentSection: UInt32, SectionName {
    /// Passage keys by slot, as differences from the first, in 4 bytes if they fit, else 8.
    case keys = 1
    /// The number of words of each passage, by slot, in 2 bytes if they fit, else 4.
    case lengths = 2
    /// Posting lists, in the order of the terms.
    case postings = 3
    case dictionary = 4
    case dictionaryIndex = 5
    /// The slots of the previous segment that were deleted when this one was written, ascending.
    case deletions = 6
}

extension SectionFileKind {
    /// The version tells which words a text has, too: a file of another is written again. 2: pairs of
    /// characters in scripts without spaces, letters of other widths as the usual ones.
    static let lexical = SectionFileKind(
        magic: "vdb-lexi", version: 2, name: "a vdb lexical index")
}

/// The destination of a new segment's sections: a file, or memory.
protocol SegmentSink {
    mutating func begin() throws(SectionFileError)
    mutating func append(_ bytes: UnsafeRawBufferPointer) throws(SectionFileError)
    mutating func end(_ section: SegmentSection) throws(SectionFileError)
}

extension SegmentSink {
    mutating func section<Element: BitwiseCopyable>(
        _ section: SegmentSection, _ elements: [Element]
    ) throws(SectionFileError) {
        try begin()
        try append(elements)
        try end(section)
    }

    mutating func append<Element: BitwiseCopyable>(_ elements: [Element])
        throws(SectionFileError)
    {
        var failure: SectionFileError?
        elements.withUnsafeBytes { bytes in
            do throws(SectionFileError) { try append(bytes) } catch { failure = error }
        }
        if let failure { throw failure }
    }
}

struct FileSink: SegmentSink {
    private var writer: SectionFileWriter<SegmentSection>

    init(path: String, fileSystem: any FileSystem) throws(SectionFileError) {
        writer = try .init(path: path, kind: .lexical, fileSystem: fileSystem)
    }

    mutating func begin() { writer.beginSection() }

    mutating func append(_ bytes: UnsafeRawBufferPointer) throws(SectionFileError) {
        try writer.append(bytes)
    }

    mutating func end(_ section: SegmentSection) throws(SectionFileError) {
        try writer.endSection(section)
    }

    func commit(_ fields: SegmentFields) throws(SectionFileError) {
        try writer.commit(fields: fields.encoded)
    }
}

struct MemorySink: SegmentSink {
    private(set) var sections: [SegmentSection: [UInt8]] = [:]
    private var current: [UInt8] = []

    mutating func begin() { current = [] }
    mutating func append(_ bytes: UnsafeRawBufferPointer) { current += bytes }
    mutating func end(_ section: SegmentSection) { sections[section] = current }
}

/// A segment's bytes in memory, at fixed addresses.
final class SegmentMemory: @unchecked Sendable {
    private let base: UnsafeMutableRawBufferPointer
    private var ranges: [SegmentSection: Range<Int>] = [:]

    init(_ sections: [SegmentSection: [UInt8]]) {
        var size = 0
        for (section, bytes) in sections {
            ranges[section] = size..<size + bytes.count
            size += (bytes.count + BitPacking.slack + 63) / 64 * 64
        }
        base = .allocate(byteCount: max(size, 64), alignment: 64)
        base.initializeMemory(as: UInt8.self, repeating: 0)
        for (section, range) in ranges {
            base[range].copyBytes(from: sections[section] ?? [])
        }
    }

    deinit { base.deallocate() }

    func section(_ section: SegmentSection) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(base)[ranges[section] ?? 0..<0])
    }
}

/// The fields in the trailer of a segment's file, in this order, each of 8 bytes.
struct SegmentFields {
    var header: LexicalHeader
    var count: Int
    var termCount: Int
    /// The number of words in all passages.
    var totalLength: Int
    var keyBase: Int64
    var keyWidth: Int
    var lengthWidth: Int

    var encoded: FieldWriter {
        var writer = FieldWriter()
        writer.write(bytes: withUnsafeBytes(of: header.databaseIdentity.uuid) { Array($0) })
        writer.write(header.collection)
        writer.write(header.place.position)
        writer.write(header.place.token)
        writer.write(UInt64(header.predecessor == nil ? 0 : 1))
        writer.write(header.predecessor?.position ?? 0)
        writer.write(header.predecessor?.token ?? 0)
        writer.write(header.throughKey)
        writer.write(UInt64(count))
        writer.write(UInt64(termCount))
        writer.write(UInt64(totalLength))
        writer.write(keyBase)
        writer.write(UInt64(keyWidth))
        writer.write(UInt64(lengthWidth))
        writer.write(BM25.standard.k1.bitPattern)
        writer.write(BM25.standard.b.bitPattern)
        return writer
    }
}
