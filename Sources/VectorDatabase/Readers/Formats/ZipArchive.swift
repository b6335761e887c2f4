import CLibzip
import FileFormat
import TextBytes

/// A ZIP archive, read with libzip.
final class ZipArchive {
    private let archive: OpaquePointer
    private let bytes: UnsafeMutableRawBufferPointer?
    private let path: String
    /// The entries' names. If there are several of one name, the first counts.
    private(set) var names: [Identifier: Int64] = [:]
    /// Bytes that may still be decompressed.
    private var budget: Int

    /// Whether libzip is installed.
    static var isAvailable: Bool { libzip_available() }

    /// More than any office document has; a crafted one could have millions.
    private static let mostEntries: Int64 = 65_536

    /// Opens an archive in memory.
    ///
    /// - Parameters:
    ///   - path: the file's name in errors.
    ///   - limit: the most bytes that its entries may have together, decompressed, when they are read.
    convenience init(_ content: [UInt8], path: String, limit: Int) throws(SourceError) {
        try Self.requireLibrary(path)
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: content.count, alignment: 16)
        bytes.copyBytes(from: content)
        guard let archive = libzip_open_bytes(bytes.baseAddress, bytes.count) else {
            bytes.deallocate()
            throw .damaged(path: path, reason: "is not a ZIP archive, or is damaged")
        }
        try self.init(archive, bytes: bytes, path: path, limit: limit)
    }

    /// Opens an archive in a file, of which only what is read is loaded.
    convenience init(at location: SourcePath, path: String, limit: Int) throws(SourceError) {
        try Self.requireLibrary(path)
        let name = location.bytes.map { CChar(bitPattern: $0) } + [0]
        guard let archive = libzip_open_path(name) else {
            throw .damaged(path: path, reason: "is not a ZIP archive, or is damaged")
        }
        try self.init(archive, bytes: nil, path: path, limit: limit)
    }

    private static func requireLibrary(_ path: String) throws(SourceError) {
        guard isAvailable else {
            throw .libraryMissing(path: path, library: "libzip", package: "libzip4")
        }
    }

    private init(
        _ archive: OpaquePointer, bytes: UnsafeMutableRawBufferPointer?, path: String, limit: Int
    ) throws(SourceError) {
        self.archive = archive
        self.bytes = bytes
        self.path = path
        budget = limit
        let count = libzip_count(archive)
        guard count <= Self.mostEntries else {
            throw .unusableContent(path: path, reason: "has \(count) entries, too many")
        }
        for index in 0..<max(0, count) {
            guard let name = libzip_name(archive, index) else { continue }
            let key = Identifier(String(cString: name))
            if names[key] == nil { names[key] = index }
        }
    }

    deinit {
        libzip_close(archive)
        bytes?.deallocate()
    }

    /// The decompressed bytes of an entry; `nil` if there is none of that name.
    func entry(_ name: String) throws -> [UInt8]? {
        guard let stream = try stream(name) else { return nil }
        var result: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = try buffer.withUnsafeMutableBytes { try stream.read(into: $0) }
            if count == 0 { return result }
            budget -= count
            // A bomb ends here: only so much is ever decompressed.
            if budget < 0 { throw SourceError.unusableContent(path: path, reason: Self.tooMuch) }
            result += buffer[..<count]
        }
    }

    private static let tooMuch = "decompresses to too many bytes for one document"

    /// An entry as a stream; `nil` if there is none of that name.
    func stream(_ name: String) throws(SourceError) -> ZipEntryStream? {
        guard let index = names[Identifier(name)] else { return nil }
        guard let entry = libzip_entry_open(archive, index) else { throw .encrypted(path: path) }
        return ZipEntryStream(entry, archive: self, path: path)
    }
}

/// The decompressed bytes of an entry.
final class ZipEntryStream: ByteStream {
    let name: String
    private(set) var position = 0
    private let entry: OpaquePointer
    /// Keeps the archive open.
    private let archive: ZipArchive

    fileprivate init(_ entry: OpaquePointer, archive: ZipArchive, path: String) {
        self.entry = entry
        self.archive = archive
        name = path
    }

    deinit { libzip_entry_close(entry) }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        guard buffer.count > 0 else { return 0 }
        let count = libzip_entry_read(entry, buffer.baseAddress, buffer.count)
        guard count >= 0 else {
            throw SourceError.damaged(path: name, reason: "the ZIP archive is damaged")
        }
        position += Int(count)
        return Int(count)
    }
}
