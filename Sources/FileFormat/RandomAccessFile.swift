import Foundation

/// A file for random access whose memory does not grow with what has been read: unlike those of a
/// mapping, its pages do not count as the process's memory.
///
/// Any number of threads may read at once.
package final class RandomAccessFile: Sendable {
    /// The file's path.
    package let path: String
    /// The size in bytes when the file was opened.
    package let count: Int
    private let descriptor: Int32
    private let fileSystem: any FileSystem

    package init(path: String, fileSystem: any FileSystem = SystemFileSystem()) throws(FileError) {
        self.path = path
        self.fileSystem = fileSystem
        let descriptor = try fileSystem.uninterrupted { system throws(FileError) in
            try system.open(path, flags: O_RDONLY, mode: 0)
        }
        self.descriptor = descriptor
        do throws(FileError) {
            count = try fileSystem.uninterrupted { system throws(FileError) in
                try system.size(descriptor, path: path)
            }
        } catch {
            fileSystem.close(descriptor)
            throw error
        }
    }

    deinit { fileSystem.close(descriptor) }

    /// Fills `buffer` from `offset` on.
    ///
    /// - Throws: `truncated` if the file ends before.
    package func read(
        into buffer: UnsafeMutableRawBufferPointer, at offset: Int
    ) throws(FileError) {
        var done = 0
        while done < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
            let got = pread(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
            if got > 0 {
                done += got
            } else if got == 0 {
                throw .truncated(
                    path: path, expected: offset + buffer.count, found: offset + done)
            } else if errno != EINTR {
                throw .system(operation: "read", path: path, code: errno)
            }
        }
    }

    /// The bytes in `range`.
    package func bytes(_ range: Range<Int>) throws(FileError) -> [UInt8] {
        try values(UInt8.self, count: range.count, at: range.lowerBound)
    }

    /// `count` values in the machine's byte order, from byte `offset` on.
    package func values<Element: BitwiseCopyable & ExpressibleByIntegerLiteral>(
        _: Element.Type, count: Int, at offset: Int
    ) throws(FileError) -> [Element] {
        var values = [Element](repeating: 0, count: count)
        var failure: FileError?
        values.withUnsafeMutableBytes { bytes in
            do throws(FileError) { try read(into: bytes, at: offset) } catch { failure = error }
        }
        if let failure { throw failure }
        return values
    }
}
