import FileFormat
import Foundation

// The container of the index's cache files.
//
//     0                 magic (8 bytes), version (4), zeros up to 4,096
//     4,096             section, padded to a multiple of 4,096
//     …                 section, …
//     size - 4,096      trailer: fields, section table, checksum (its last 16 bytes)
//
// Invariants:
// 1. All integers are little-endian; sections start on a page, so that their elements are aligned.
// 2. The trailer's checksum (XXH3, 128 bits) covers the first page and the trailer, and is verified
//    on opening. Each section's is kept in the trailer, and verified by `verify()` alone: reading
//    all of a large file would make opening slow.
// 3. The file is written under another name and renamed; a cut file has no valid trailer.

/// The parts of a cache file. Numbers are part of the format.
enum SectionKind: UInt32, CaseIterable {
    case rows = 1
    case scales = 2
    case squaredNorms = 3
    case layer0 = 4
    case labels = 5
    case upperSlots = 6
    case upperLevels = 7
    case upperLinks = 8
}

/// What tells one kind of cache file from another.
struct SectionFileKind: Sendable {
    let magic: String
    let version: UInt32
    let name: String

    static let graph = SectionFileKind(magic: "vdb-hnsw", version: 2, name: "a vdb vector index")
    static let vectors = SectionFileKind(magic: "vdb-vecs", version: 2, name: "a vdb vector file")
}

package enum SectionFileLayout {
    package static let page = 4096
    /// Fields come first in the trailer, the table after them.
    package static let tableOffset = 2048
    package static let entryBytes = 40
    package static let checksumBytes = 16

    static func firstPage(_ kind: SectionFileKind) -> [UInt8] {
        var page = Array(kind.magic.utf8)
        withUnsafeBytes(of: kind.version.littleEndian) { page += $0 }
        return page + [UInt8](repeating: 0, count: Self.page - page.count)
    }

    package static func checksum(
        firstPage: UnsafeRawBufferPointer, trailer: UnsafeRawBufferPointer
    ) -> [UInt8] {
        let hasher = ContentHasher()
        hasher.update(firstPage)
        hasher.update(trailer)
        return hasher.finalize().bytes
    }
}

/// Writes a cache file, section after section.
struct SectionFileWriter {
    private struct Entry {
        var kind: SectionKind
        var offset: Int
        var count: Int
        var checksum: [UInt8]
    }

    private let file: AtomicFile
    private let kind: SectionFileKind
    private var entries: [Entry] = []
    private var hasher = ContentHasher()
    private var start = 0

    init(path: String, kind: SectionFileKind, fileSystem: any FileSystem) throws(IndexError) {
        self.kind = kind
        do {
            file = try AtomicFile(path: path, fileSystem: fileSystem)
            try file.write(SectionFileLayout.firstPage(kind))
        } catch { throw .file(error) }
    }

    mutating func beginSection() {
        start = file.count
        hasher = ContentHasher()
    }

    func append(_ bytes: UnsafeRawBufferPointer) throws(IndexError) {
        hasher.update(bytes)
        do { try file.write(bytes) } catch { throw .file(error) }
    }

    mutating func endSection(_ section: SectionKind) throws(IndexError) {
        entries.append(
            Entry(
                kind: section, offset: start, count: file.count - start,
                checksum: hasher.finalize().bytes))
        do { try file.pad(to: SectionFileLayout.page) } catch { throw .file(error) }
    }

    mutating func section(_ section: SectionKind, _ bytes: UnsafeRawBufferPointer)
        throws(IndexError)
    {
        beginSection()
        try append(bytes)
        try endSection(section)
    }

    /// Writes the trailer and puts the file in its place.
    func commit(fields: FieldWriter) throws(IndexError) {
        var trailer = fields.bytes
        precondition(trailer.count <= SectionFileLayout.tableOffset)
        trailer += [UInt8](repeating: 0, count: SectionFileLayout.tableOffset - trailer.count)
        var table = FieldWriter()
        table.write(UInt64(entries.count))
        for entry in entries {
            table.write(UInt64(entry.kind.rawValue))
            table.write(UInt64(entry.offset))
            table.write(UInt64(entry.count))
            table.write(bytes: entry.checksum)
        }
        trailer += table.bytes
        let covered = SectionFileLayout.page - SectionFileLayout.checksumBytes
        trailer += [UInt8](repeating: 0, count: covered - trailer.count)
        let checksum = SectionFileLayout.firstPage(kind).withUnsafeBytes { page in
            trailer.withUnsafeBytes { SectionFileLayout.checksum(firstPage: page, trailer: $0) }
        }
        do {
            try file.write(trailer + checksum)
            try file.commit()
        } catch { throw .file(error) }
    }
}

/// Opens a cache file and finds its sections.
struct SectionFileReader: Sendable {
    let path: String
    let file: MappedFile
    private var offsets: [SectionKind: Range<Int>] = [:]
    private var checksums: [SectionKind: [UInt8]] = [:]

    /// - Throws: `notThisKind`, `unsupportedVersion`, `damaged`, or what the file system says.
    init(path: String, kind: SectionFileKind, fileSystem: any FileSystem) throws(IndexError) {
        self.path = path
        do { file = try MappedFile(path: path, fileSystem: fileSystem) } catch {
            throw .file(error)
        }
        let page = SectionFileLayout.page
        let bytes = file.bytes
        guard bytes.count >= 12, bytes.prefix(8).elementsEqual(kind.magic.utf8) else {
            throw .notThisKind(path: path, expected: kind.name)
        }
        let version = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
        guard version == kind.version else {
            throw .unsupportedVersion(
                path: path, found: Int(version), supported: Int(kind.version))
        }
        guard bytes.count >= 2 * page, bytes.count % page == 0 else {
            throw damaged("file", "\(bytes.count) bytes are not whole pages; it is cut short")
        }
        let covered = page - SectionFileLayout.checksumBytes
        let trailer = UnsafeRawBufferPointer(rebasing: bytes.suffix(page))
        let expected = SectionFileLayout.checksum(
            firstPage: UnsafeRawBufferPointer(rebasing: bytes.prefix(page)),
            trailer: UnsafeRawBufferPointer(rebasing: trailer.prefix(covered)))
        guard trailer.suffix(SectionFileLayout.checksumBytes).elementsEqual(expected) else {
            throw damaged("trailer", "its checksum does not match")
        }
        var table = FieldReader(trailer.dropFirst(SectionFileLayout.tableOffset))
        let count = Int(truncatingIfNeeded: table.uint64())
        guard count >= 0, count <= SectionKind.allCases.count else {
            throw damaged("trailer", "it lists \(count) sections")
        }
        for _ in 0..<count {
            let kind = SectionKind(rawValue: UInt32(truncatingIfNeeded: table.uint64()))
            let offset = Int(truncatingIfNeeded: table.uint64())
            let length = Int(truncatingIfNeeded: table.uint64())
            let checksum = table.bytes(SectionFileLayout.checksumBytes)
            let end = offset.addingReportingOverflow(length)
            guard let kind, offset >= page, length >= 0, offset % page == 0, !end.overflow,
                end.partialValue <= bytes.count - page
            else { throw damaged("trailer", "a section lies outside the file") }
            offsets[kind] = offset..<end.partialValue
            checksums[kind] = checksum
        }
        if file.count > Self.readAheadLimit { file.advise(.random) }
    }

    func damaged(_ part: String, _ reason: String) -> IndexError {
        .damaged(path: path, part: part, reason: reason)
    }

    /// A search reads a row here and a row there. While a file fits in memory it is well to read
    /// ahead, which brings the whole of it soon; of one that may not, reading ahead would fetch up to
    /// megabytes for each row, and put out others for them.
    private static let readAheadLimit = 256 << 20

    /// Runs `body`, which reads much of the file in order.
    func sequentially<Result, Failure: Error>(_ body: () throws(Failure) -> Result)
        throws(Failure) -> Result
    {
        guard file.count > Self.readAheadLimit else { return try body() }
        file.advise(.sequential)
        defer { file.advise(.random) }
        return try body()
    }

    /// The trailer's fields.
    var fields: FieldReader {
        FieldReader(file.bytes.suffix(SectionFileLayout.page).prefix(SectionFileLayout.tableOffset))
    }

    /// A section of exactly `count` bytes.
    func section(_ kind: SectionKind, count: Int) throws(IndexError) -> UnsafeRawBufferPointer {
        guard let range = offsets[kind], range.count == count else {
            throw damaged(
                "\(kind)", "\(offsets[kind]?.count ?? 0) bytes where \(count) are needed")
        }
        return UnsafeRawBufferPointer(rebasing: file.bytes[range])
    }

    /// Reads every section and compares its checksum.
    func verify() throws(IndexError) {
        try sequentially { () throws(IndexError) in
            for (kind, range) in offsets.sorted(by: { $0.value.lowerBound < $1.value.lowerBound }) {
                let found = ContentHash(of: UnsafeRawBufferPointer(rebasing: file.bytes[range]))
                guard found.bytes == checksums[kind] else {
                    throw damaged("\(kind)", "its checksum does not match")
                }
            }
        }
    }
}

/// Little-endian fields, one after another.
struct FieldWriter {
    private(set) var bytes: [UInt8] = []

    mutating func write(_ value: UInt64) {
        withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
    }
    mutating func write(_ value: Int64) { write(UInt64(bitPattern: value)) }
    mutating func write(bytes source: [UInt8]) { bytes += source }
}

struct FieldReader {
    private var rest: Slice<UnsafeRawBufferPointer>

    init(_ bytes: Slice<UnsafeRawBufferPointer>) { rest = bytes }

    mutating func bytes(_ count: Int) -> [UInt8] {
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }
    mutating func uint64() -> UInt64 {
        bytes(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    mutating func int64() -> Int64 { Int64(bitPattern: uint64()) }
}

extension FieldWriter {
    mutating func write(_ header: IndexHeader) {
        write(bytes: withUnsafeBytes(of: header.databaseIdentity.uuid) { Array($0) })
        write(header.collection)
        write(bytes: header.modelFingerprint.bytes)
        write(header.changeLogPosition)
        write(header.historyToken)
    }
}

extension FieldReader {
    mutating func header() -> IndexHeader {
        let identity = bytes(16).withUnsafeBytes { $0.loadUnaligned(as: uuid_t.self) }
        let collection = int64()
        let high = bytes(8).reduce(0) { $0 << 8 | UInt64($1) }
        let low = bytes(8).reduce(0) { $0 << 8 | UInt64($1) }
        return IndexHeader(
            databaseIdentity: UUID(uuid: identity), collection: collection,
            modelFingerprint: ContentHash(high: high, low: low), changeLogPosition: int64(),
            historyToken: int64())
    }
}
