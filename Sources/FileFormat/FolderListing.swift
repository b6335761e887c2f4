import Foundation

/// A folder's entries as the system has them: a name is bytes, usually but not always UTF-8.
package struct FolderListing {
    /// A name in the folder and what it leads to.
    package struct Entry: Equatable, Sendable {
        package let name: [UInt8]
        package let kind: Kind
    }

    /// What an entry is, links followed.
    package enum Kind: Equatable, Sendable {
        /// A regular file of so many bytes.
        case file(size: Int)
        case folder
        case linkToFolder
        /// A link to something that does not exist.
        case brokenLink
        /// A pipe, a socket, a device.
        case special
        /// The system did not say: an errno value.
        case unknown(code: Int32)
    }

    /// In the order of their names' bytes, without `.` and `..`.
    package let entries: [Entry]

    /// - Parameter path: the folder's.
    /// - Parameter name: what errors call it.
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

    /// What a path leads to.
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
