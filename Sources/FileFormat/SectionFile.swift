import Foundation

// The container of cache files: the vector index's and the lexical index's.
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

/// What tells one kind of cache file from another.
package struct SectionFileKind: Sendable {
    /// Eight bytes of ASCII.
    package let magic: String
    package let version: UInt32
    package let name: String

    package init(magic: String, version: UInt32, name: String) {
        precondition(magic.utf8.count == 8)
        (self.magic, self.version, self.name) = (magic, version, name)
    }
}

/// The parts of a kind of file; raw values are part of its format.
package protocol SectionName: RawRepresentable, CaseIterable, Hashable, Sendable
where RawValue == UInt32 {}

/// What is wrong with a cache file: facts only.
package enum SectionFileError: Error, Equatable, Sendable {
    case file(FileError)
    /// The file does not begin as this kind of file does.
    case notThisKind(path: String, expected: String)
    case unsupportedVersion(path: String, found: Int, supported: Int)
    /// Bytes that contradict their checksum or each other.
    case damaged(path: String, part: String, reason: String)
}

extension SectionFileError: CustomStringConvertible, LocalizedError {
    package var description: String {
        switch self {
        case .file(let error): return error.description
        case .notThisKind(let path, let expected):
            return "\(path): is not \(expected); it is rebuilt if you remove it"
        case .unsupportedVersion(let path, let found, let supported):
            return "\(path): has format version \(found), this program reads \(supported); use the "
                + "program that wrote it, or remove the file to have it rebuilt"
        case .damaged(let path, let part, let reason):
            return "\(path): damaged \(part): \(reason); it is rebuilt if you remove it"
        }
    }

    package var errorDescription: String? { description }
}

private enum Layout {
    static let page = 4096
    /// Fields come first in the trailer, the table after them.
    static let tableOffset = 2048
    static let checksumBytes = 16

    static func firstPage(_ kind: SectionFileKind) -> [UInt8] {
        var page = Array(kind.magic.utf8)
        withUnsafeBytes(of: kind.version.littleEndian) { page += $0 }
        return page + [UInt8](repeating: 0, count: Self.page - page.count)
    }

    static func checksum(firstPage: UnsafeRawBufferPointer, trailer: UnsafeRawBufferPointer)
        -> [UInt8]
    {
        let hasher = ContentHasher()
        hasher.update(firstPage)
        hasher.update(trailer)
        return hasher.finalize().bytes
    }
}

/// Writes a cache file, section after section.
package struct SectionFileWriter<Section: SectionName> {
    private struct Entry {
        var section: Section
        var offset: Int
        var count: Int
        var checksum: [UInt8]
    }

    private let file: AtomicFile
    private let kind: SectionFileKind
    private var entries: [Entry] = []
    private var hasher = ContentHasher()
    private var start = 0

    /// Nothing appears at `path` before `commit(fields:)`.
    package init(path: String, kind: SectionFileKind, fileSystem: any FileSystem)
        throws(SectionFileError)
    {
        self.kind = kind
        do {
            file = try AtomicFile(path: path, fileSystem: fileSystem)
            try file.write(Layout.firstPage(kind))
        } catch { throw .file(error) }
    }

    package mutating func beginSection() {
        start = file.count
        hasher = ContentHasher()
    }

    package func append(_ bytes: UnsafeRawBufferPointer) throws(SectionFileError) {
        hasher.update(bytes)
        do { try file.write(bytes) } catch { throw .file(error) }
    }

    package mutating func endSection(_ section: Section) throws(SectionFileError) {
        entries.append(
            Entry(
                section: section, offset: start, count: file.count - start,
                checksum: hasher.finalize().bytes))
        do { try file.pad(to: Layout.page) } catch { throw .file(error) }
    }

    /// Writes the trailer and puts the file in its place.
    package func commit(fields: FieldWriter) throws(SectionFileError) {
        var trailer = fields.bytes
        precondition(trailer.count <= Layout.tableOffset)
        trailer += [UInt8](repeating: 0, count: Layout.tableOffset - trailer.count)
        var table = FieldWriter()
        table.write(UInt64(entries.count))
        for entry in entries {
            table.write(UInt64(entry.section.rawValue))
            table.write(UInt64(entry.offset))
            table.write(UInt64(entry.count))
            table.write(bytes: entry.checksum)
        }
        trailer += table.bytes
        let covered = Layout.page - Layout.checksumBytes
        trailer += [UInt8](repeating: 0, count: covered - trailer.count)
        let checksum = Layout.firstPage(kind).withUnsafeBytes { page in
            trailer.withUnsafeBytes { Layout.checksum(firstPage: page, trailer: $0) }
        }
        do {
            try file.write(trailer + checksum)
            try file.commit()
        } catch { throw .file(error) }
    }
}

/// Opens a cache file and finds its sections.
package struct SectionFileReader<Section: SectionName>: Sendable {
    package let path: String
    package let file: MappedFile
    private var offsets: [Section: Range<Int>] = [:]
    private var checksums: [Section: [UInt8]] = [:]

    /// - Throws: `notThisKind`, `unsupportedVersion`, `damaged`, or what the file system says.
    package init(path: String, kind: SectionFileKind, fileSystem: any FileSystem)
        throws(SectionFileError)
    {
        self.path = path
        do { file = try MappedFile(path: path, fileSystem: fileSystem) } catch {
            throw .file(error)
        }
        let page = Layout.page
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
        let covered = page - Layout.checksumBytes
        let trailer = UnsafeRawBufferPointer(rebasing: bytes.suffix(page))
        let expected = Layout.checksum(
            firstPage: UnsafeRawBufferPointer(rebasing: bytes.prefix(page)),
            trailer: UnsafeRawBufferPointer(rebasing: trailer.prefix(covered)))
        guard trailer.suffix(Layout.checksumBytes).elementsEqual(expected) else {
            throw damaged("trailer", "its checksum does not match")
        }
        var table = FieldReader(trailer.dropFirst(Layout.tableOffset))
        let count = Int(truncatingIfNeeded: table.uint64())
        guard count >= 0, count <= Section.allCases.count else {
            throw damaged("trailer", "it lists \(count) sections")
        }
        for _ in 0..<count {
            let section = Section(rawValue: UInt32(truncatingIfNeeded: table.uint64()))
            let offset = Int(truncatingIfNeeded: table.uint64())
            let length = Int(truncatingIfNeeded: table.uint64())
            let checksum = table.bytes(Layout.checksumBytes)
            let end = offset.addingReportingOverflow(length)
            guard let section, offset >= page, length >= 0, offset % page == 0, !end.overflow,
                end.partialValue <= bytes.count - page
            else { throw damaged("trailer", "a section lies outside the file") }
            offsets[section] = offset..<end.partialValue
            checksums[section] = checksum
        }
    }

    package func damaged(_ part: String, _ reason: String) -> SectionFileError {
        .damaged(path: path, part: part, reason: reason)
    }

    /// The trailer's fields.
    package var fields: FieldReader {
        FieldReader(file.bytes.suffix(Layout.page).prefix(Layout.tableOffset))
    }

    /// A section as long as it is; empty where it is not there.
    package func section(_ section: Section) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: file.bytes[offsets[section] ?? 0..<0])
    }

    /// A section of exactly `count` bytes.
    package func section(_ section: Section, count: Int) throws(SectionFileError)
        -> UnsafeRawBufferPointer
    {
        let found = self.section(section)
        guard offsets[section] != nil, found.count == count else {
            throw damaged("\(section)", "\(found.count) bytes where \(count) are needed")
        }
        return found
    }

    /// Reads every section and compares its checksum.
    package func verify() throws(SectionFileError) {
        for (section, range) in offsets.sorted(by: { $0.value.lowerBound < $1.value.lowerBound }) {
            let found = ContentHash(of: UnsafeRawBufferPointer(rebasing: file.bytes[range]))
            guard found.bytes == checksums[section] else {
                throw damaged("\(section)", "its checksum does not match")
            }
        }
    }
}

/// Little-endian fields, one after another.
package struct FieldWriter {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    package mutating func write(_ value: UInt64) {
        withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
    }
    package mutating func write(_ value: Int64) { write(UInt64(bitPattern: value)) }
    package mutating func write(bytes source: [UInt8]) { bytes += source }
}

package struct FieldReader {
    private var rest: Slice<UnsafeRawBufferPointer>

    package init(_ bytes: Slice<UnsafeRawBufferPointer>) { rest = bytes }

    package mutating func bytes(_ count: Int) -> [UInt8] {
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }
    package mutating func uint64() -> UInt64 {
        bytes(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    package mutating func int64() -> Int64 { Int64(bitPattern: uint64()) }
}
