/// Opens a cache file and finds its sections.
package struct SectionFileReader<Section: SectionName>: Sendable {
    package let path: String
    package let file: MappedFile
    private var offsets: [Section: Range<Int>] = [:]
    private var checksums: [Section: [UInt8]] = [:]

    /// - Throws: `notThisKind`, `unsupportedVersion`, `damaged` or `file`.
    package init(path: String, kind: SectionFileKind, fileSystem: any FileSystem)
        throws(SectionFileError)
    {
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
            throw damaged("file", "\(bytes.count) bytes are not whole pages; it is truncated")
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
        guard count >= 0, count <= Section.allCases.count else {
            throw damaged("trailer", "it lists \(count) sections")
        }
        for _ in 0..<count {
            let section = Section(rawValue: UInt32(truncatingIfNeeded: table.uint64()))
            let offset = Int(truncatingIfNeeded: table.uint64())
            let length = Int(truncatingIfNeeded: table.uint64())
            let checksum = table.bytes(SectionFileLayout.checksumBytes)
            let end = offset.addingReportingOverflow(length)
            guard let section, offset >= page, length >= 0, offset % page == 0, !end.overflow,
                end.partialValue <= bytes.count - page
            else { throw damaged("trailer", "a section is outside the file") }
            offsets[section] = offset..<end.partialValue
            checksums[section] = checksum
        }
    }

    package func damaged(_ part: String, _ reason: String) -> SectionFileError {
        .damaged(path: path, part: part, reason: reason)
    }

    /// The trailer's fields.
    package var fields: FieldReader {
        FieldReader(file.bytes.suffix(SectionFileLayout.page).prefix(SectionFileLayout.tableOffset))
    }

    /// A section of any length; empty if the file does not have it.
    package func section(_ section: Section) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: file.bytes[offsets[section] ?? 0..<0])
    }

    /// A section of exactly `count` bytes.
    package func section(_ section: Section, count: Int) throws(SectionFileError)
        -> UnsafeRawBufferPointer
    {
        let found = self.section(section)
        guard offsets[section] != nil, found.count == count else {
            throw damaged("\(section)", "\(found.count) bytes instead of \(count)")
        }
        return found
    }

    /// Reads every section and verifies its checksum.
    package func verify() throws(SectionFileError) {
        for (section, range) in offsets.sorted(by: { $0.value.lowerBound < $1.value.lowerBound }) {
            let found = ContentHash(of: UnsafeRawBufferPointer(rebasing: file.bytes[range]))
            guard found.bytes == checksums[section] else {
                throw damaged("\(section)", "its checksum does not match")
            }
        }
    }
}
