import Foundation

/// The entries of a folder. Names are bytes, usually but not always UTF-8.
package struct FolderListing {
    /// A name in the folder and its kind.
    package struct Entry: Equatable, Sendable {
        package let name: [UInt8]
        package let kind: Kind
    }

    /// The kind of an entry, following links.
    package enum Kind: Equatable, Sendable {
        /// A regular file with its size in bytes.
        case file(size: Int)
        case folder
        case linkToFolder
        /// A link to something that does not exist.
        case brokenLink
        /// A pipe, a socket, a device.
        case special
        /// The kind could not be determined; `code` is the errno value.
        case unknown(code: Int32)
    }

    /// Entries sorted by the bytes of their names, without `.` and `..`.
    package let entries: [Entry]

    /// - Parameters:
    ///   - path: the folder's path.
    ///   - name: the folder's name in errors.
    package init(_ path: [UInt8], name: String) throws(FileError) {
        guard let folder = Self.withPath(path, { opendir($0) }) else {
            throw .system(operation: "list", path: name, code: errno)
        }
        defer { closedir(folder) }
        var entries: [Entry] = []
        while true {
            errno = 0
            guard let entry = readdir(folder) else {
                if errno != 0 { throw .system(operation: "list", path: name, code: errno) }
                break
            }
            let bytes = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                tuple.withMemoryRebound(
                    to: UInt8.self, capacity: MemoryLayout.size(ofValue: tuple.pointee)
                ) {
                    Array(
                        UnsafeBufferPointer(
                            start: $0, count: strlen(UnsafePointer<CChar>(OpaquePointer($0)))))
                }
            }
            if bytes == [46] || bytes == [46, 46] { continue }
            entries.append(Entry(name: bytes, kind: Self.kind(of: path + [47] + bytes)))
        }
        self.entries = entries.sorted { $0.name.lexicographicallyPrecedes($1.name) }
    }

    /// The kind of the file at a path, following links.
    package static func kind(of path: [UInt8]) -> Kind {
        var link = stat()
        guard withPath(path, { lstat($0, &link) }) == 0 else { return .unknown(code: errno) }
        if link.st_mode & S_IFMT == S_IFDIR { return .folder }
        var status = stat()
        guard withPath(path, { stat($0, &status) }) == 0 else {
            let isBroken = errno == ENOENT && link.st_mode & S_IFMT == S_IFLNK
            return isBroken ? .brokenLink : .unknown(code: errno)
        }
        return switch status.st_mode & S_IFMT {
        case S_IFDIR: .linkToFolder
        case S_IFREG: .file(size: Int(status.st_size))
        default: .special
        }
    }

    private static func withPath<Result>(
        _ path: [UInt8], _ body: (UnsafePointer<CChar>) -> Result
    ) -> Result {
        (path + [0]).withUnsafeBytes { body($0.baseAddress!.assumingMemoryBound(to: CChar.self)) }
    }
}
