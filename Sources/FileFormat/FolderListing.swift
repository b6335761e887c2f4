import Foundation

/// The entries of a folder. Names are bytes, usually but not always UTF-8.
package struct FolderListing {
    /// A name in the folder and what it stands for.
    package struct Entry: Equatable, Sendable {
        package let name: [UInt8]
        package let kind: Kind
        /// Whether the name is a symbolic link.
        package let isLink: Bool
        /// The file that the name, or the link, leads to; `nil` if there is none.
        package let identity: Identity?
        /// The time of the file's last change, in seconds since 1970; 0 if it is not known.
        package let modified: Int
        /// What changes with the content; `nil` if it is not known.
        package let version: Version?
    }

    /// What is different, as a rule, if a file has other content than before.
    package struct Version: Hashable, Sendable {
        package let identity: Identity
        package let size: Int64
        /// The times of the last change of the content and of the status, in nanoseconds.
        package let modified: Int64
        package let changed: Int64
    }

    /// What makes a file the same file under several names.
    package struct Identity: Hashable, Sendable {
        package let device: UInt64
        package let inode: UInt64
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
            entries.append(Self.entry(at: path + [47] + bytes, name: bytes))
        }
        self.entries = entries.sorted { $0.name.lexicographicallyPrecedes($1.name) }
    }

    /// The file at a path, following links.
    package static func entry(at path: [UInt8], name: [UInt8]) -> Entry {
        var link = stat()
        guard withPath(path, { lstat($0, &link) }) == 0 else {
            return Entry(name: name, kind: .unknown(code: errno))
        }
        guard link.st_mode & S_IFMT == S_IFLNK else {
            return Entry(name: name, status: link, isLink: false)
        }
        var status = stat()
        guard withPath(path, { stat($0, &status) }) == 0 else {
            return Entry(
                name: name, kind: errno == ENOENT ? .brokenLink : .unknown(code: errno),
                isLink: true)
        }
        return Entry(name: name, status: status, isLink: true)
    }

    private static func withPath<Result>(
        _ path: [UInt8], _ body: (UnsafePointer<CChar>) -> Result
    ) -> Result {
        (path + [0]).withUnsafeBytes { body($0.baseAddress!.assumingMemoryBound(to: CChar.self)) }
    }
}

extension FolderListing.Entry {
    fileprivate init(name: [UInt8], kind: FolderListing.Kind, isLink: Bool = false) {
        self.init(name: name, kind: kind, isLink: isLink, identity: nil, modified: 0, version: nil)
    }

    fileprivate init(name: [UInt8], status: stat, isLink: Bool) {
        let kind: FolderListing.Kind =
            switch status.st_mode & S_IFMT {
            case S_IFDIR: isLink ? .linkToFolder : .folder
            case S_IFREG: .file(size: Int(status.st_size))
            default: .special
            }
        func nanoseconds(_ time: timespec) -> Int64 {
            Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
        }
        let identity = FolderListing.Identity(
            device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
        self.init(
            name: name, kind: kind, isLink: isLink, identity: identity,
            modified: status.st_mtim.tv_sec,
            version: FolderListing.Version(
                identity: identity, size: Int64(status.st_size),
                modified: nanoseconds(status.st_mtim), changed: nanoseconds(status.st_ctim)))
    }
}
