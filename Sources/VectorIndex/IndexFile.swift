import FileFormat
import Foundation

// The vector index's cache files are section files (see FileFormat). This is what they have in
// common.

/// The sections of graph and vector files. The raw values are part of the format.
enum IndexSection: UInt32, SectionName {
    case rows = 1
    case scales = 2
    case squaredNorms = 3
    case layer0 = 4
    case labels = 5
    case upperSlots = 6
    case upperLevels = 7
    case upperLinks = 8
    case copyNodes = 9
    case copyStarts = 10
    case copyHashes = 11
    case copyLabels = 12
    case copyOrder = 13
    case neighborCodes = 14
}

extension SectionFileKind {
    static let graph = SectionFileKind(magic: "vdb-hnsw", version: 3, name: "a vdb vector index")
    /// The same with a further section, which programs that know only version 3 must not ignore: they
    /// would drop it.
    static let graphWithNeighborCodes = SectionFileKind(
        magic: "vdb-hnsw", version: 4, name: "a vdb vector index")
    static let vectors = SectionFileKind(magic: "vdb-vecs", version: 2, name: "a vdb vector file")
}

extension IndexError {
    init(_ error: SectionFileError) {
        switch error {
        case .file(let error): self = .file(error)
        case .notThisKind(let path, let expected):
            self = .notThisKind(path: path, expected: expected)
        case .unsupportedVersion(let path, let found, let supported):
            self = .unsupportedVersion(path: path, found: found, supported: supported)
        case .damaged(let path, let part, let reason):
            self = .damaged(path: path, part: part, reason: reason)
        }
    }
}

/// Writes an index file section by section, throwing `IndexError`.
struct IndexFileWriter {
    private var writer: SectionFileWriter<IndexSection>

    /// The file appears at `path` only with `commit(fields:)`.
    init(path: String, kind: SectionFileKind, fileSystem: any FileSystem) throws(IndexError) {
        do { writer = try SectionFileWriter(path: path, kind: kind, fileSystem: fileSystem) } catch
        {
            throw IndexError(error)
        }
    }

    mutating func beginSection() { writer.beginSection() }

    func append(_ bytes: UnsafeRawBufferPointer) throws(IndexError) {
        do { try writer.append(bytes) } catch { throw IndexError(error) }
    }

    mutating func endSection(_ section: IndexSection) throws(IndexError) {
        do { try writer.endSection(section) } catch { throw IndexError(error) }
    }

    /// Writes the trailer and moves the file into place.
    func commit(fields: FieldWriter) throws(IndexError) {
        do { try writer.commit(fields: fields) } catch { throw IndexError(error) }
    }
}

/// Opens an index file and finds its sections, throwing `IndexError`.
struct IndexFileReader: Sendable {
    private let reader: SectionFileReader<IndexSection>

    /// - Throws: `notThisKind`, `unsupportedVersion`, `damaged`, `file`.
    init(path: String, kind: SectionFileKind, fileSystem: any FileSystem) throws(IndexError) {
        do { reader = try SectionFileReader(path: path, kind: kind, fileSystem: fileSystem) } catch
        {
            throw IndexError(error)
        }
        if file.count > Self.readAheadLimit { file.advise(.random) }
    }

    var file: MappedFile { reader.file }
    /// The trailer's fields.
    var fields: FieldReader { reader.fields }

    func damaged(_ part: String, _ reason: String) -> IndexError {
        IndexError(reader.damaged(part, reason))
    }

    /// A section of exactly `count` bytes.
    func section(_ section: IndexSection, count: Int) throws(IndexError) -> UnsafeRawBufferPointer {
        do { return try reader.section(section, count: count) } catch { throw IndexError(error) }
    }

    /// In bytes. A search reads rows at random. For a file that fits in memory, read-ahead soon
    /// loads all of it. For a larger one, it would load up to megabytes for each row and evict
    /// others.
    private static let readAheadLimit = 256 << 20

    /// Runs `body`, which reads large parts of the file in order.
    func sequentially<Result, Failure: Error>(_ body: () throws(Failure) -> Result)
        throws(Failure) -> Result
    {
        guard file.count > Self.readAheadLimit else { return try body() }
        file.advise(.sequential)
        defer { file.advise(.random) }
        return try body()
    }

    /// Verifies the checksum of every section.
    func verify() throws(IndexError) {
        try sequentially { () throws(IndexError) in
            do throws(SectionFileError) { try reader.verify() } catch {
                throw IndexError(error)
            }
        }
    }
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
