import Foundation

/// A file's bytes, memory-mapped read-only while this object lives.
///
/// Pages are shared with the page cache and read when they are first accessed. A file that another
/// process truncates while it is mapped raises SIGBUS on access, so our own files are replaced by
/// rename and never truncated in place.
package final class MappedFile: @unchecked Sendable {
    /// The file's path.
    package let path: String
    /// Valid while `self` lives.
    package let bytes: UnsafeRawBufferPointer

    /// Maps the whole file. An empty file gives an empty buffer.
    package init(path: String, fileSystem: any FileSystem = SystemFileSystem()) throws(FileError) {
        let descriptor = try fileSystem.uninterrupted { system throws(FileError) in
            try system.open(path, flags: O_RDONLY, mode: 0)
        }
        defer { fileSystem.close(descriptor) }
        let size = try fileSystem.uninterrupted { system throws(FileError) in
            try system.size(descriptor, path: path)
        }
        self.path = path
        guard size > 0 else {
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        let address = mmap(nil, size, PROT_READ, MAP_SHARED, descriptor, 0)
        guard let address, address != MAP_FAILED else {
            throw .system(operation: "map", path: path, code: errno)
        }
        bytes = UnsafeRawBufferPointer(start: address, count: size)
    }

    deinit {
        if let address = bytes.baseAddress {
            munmap(UnsafeMutableRawPointer(mutating: address), bytes.count)
        }
    }

    /// The number of bytes.
    package var count: Int { bytes.count }

    /// The expected access pattern, which controls the kernel's read-ahead.
    package enum Access: Sendable { case normal, random, sequential, willNeed }

    package func advise(_ access: Access) {
        guard let address = bytes.baseAddress else { return }
        let advice =
            switch access {
            case .normal: POSIX_MADV_NORMAL
            case .random: POSIX_MADV_RANDOM
            case .sequential: POSIX_MADV_SEQUENTIAL
            case .willNeed: POSIX_MADV_WILLNEED
            }
        _ = posix_madvise(UnsafeMutableRawPointer(mutating: address), bytes.count, advice)
    }

    /// Releases the pages of `part` from the process's memory; they are read again on the next
    /// access.
    package func releasePages(_ part: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress, let address = part.baseAddress, address >= base,
            address + part.count <= base + bytes.count
        else { return }
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let from = (address - base) / page * page
        _ = madvise(
            UnsafeMutableRawPointer(mutating: base + from), address + part.count - (base + from),
            MADV_DONTNEED)
    }
}
