/// Writes a cache file section by section.
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
            try file.write(SectionFileLayout.firstPage(kind))
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
        do { try file.pad(to: SectionFileLayout.page) } catch { throw .file(error) }
    }

    /// Writes the trailer and makes the file appear at its path.
    package func commit(fields: FieldWriter) throws(SectionFileError) {
        var trailer = fields.bytes
        precondition(trailer.count <= SectionFileLayout.tableOffset)
        trailer += [UInt8](repeating: 0, count: SectionFileLayout.tableOffset - trailer.count)
        var table = FieldWriter()
        table.write(UInt64(entries.count))
        for entry in entries {
            table.write(UInt64(entry.section.rawValue))
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
