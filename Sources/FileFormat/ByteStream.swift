import Foundation

/// Bytes that arrive one after another: a file, a pipe, or what decompressing another stream gives.
///
/// Not safe for concurrent use; a reader owns its stream.
package protocol ByteStream: AnyObject {
    /// What messages call it: a path, or `standard input`.
    var name: String { get }
    /// Bytes taken from the underlying file so far, before decompression: what progress counts.
    var position: Int { get }
    /// Fills the front of `buffer` and says how many bytes; 0 only at the end.
    ///
    /// - Throws: `ByteStreamError`, or `CancellationError` where the task was cancelled while a
    ///   pipe had nothing to give.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int
}

/// What went wrong with a stream of bytes.
package enum ByteStreamError: Error, Equatable, Sendable {
    case missing(name: String)
    case isFolder(name: String)
    /// A system call failed with `code` (an errno value).
    case system(operation: String, name: String, code: Int32)
    /// Compressed bytes that are damaged; `reason` is the decompressor's.
    case damaged(name: String, format: Compression, reason: String)
    /// The compressed bytes stop in the middle.
    case cutShort(name: String, format: Compression)
}

extension ByteStreamError: CustomStringConvertible, LocalizedError {
    package var description: String { "\(name): \(fact)" }

    private var name: String {
        switch self {
        case .missing(let name), .isFolder(let name), .system(_, let name, _),
            .damaged(let name, _, _), .cutShort(let name, _):
            name
        }
    }

    /// What is wrong, without whose it is.
    package var fact: String {
        switch self {
        case .missing: "there is no such file"
        case .isFolder: "is a folder, not a file"
        case .system(let operation, _, let code):
            "cannot \(operation): \(String(cString: strerror(code)))"
        case .damaged(_, let format, let reason):
            "the \(format.rawValue) data is damaged: \(reason)"
        case .cutShort(_, let format): "the \(format.rawValue) data is cut short"
        }
    }

    package var errorDescription: String? { description }
}

/// A file descriptor's bytes.
///
/// Reading a pipe or a terminal looks up from waiting five times a second to see whether the task
/// has been cancelled, so that an interrupted program does not hang on a silent writer.
package final class DescriptorStream: ByteStream {
    package let name: String
    package private(set) var position = 0
    private let descriptor: Int32
    private let ownsDescriptor: Bool
    /// Reading may have to wait for somebody.
    private let mayWait: Bool
    /// The size of a regular file; `nil` for anything else.
    package let size: Int?

    /// Opens a file for reading.
    package convenience init(path: String) throws(ByteStreamError) {
        try self.init(path: Array(path.utf8), name: path)
    }

    /// Opens a file whose path need not be UTF-8.
    ///
    /// - Parameter name: what messages call it.
    package init(path: [UInt8], name: String) throws(ByteStreamError) {
        let path = path.map { CChar(bitPattern: $0) } + [0]
        var descriptor: Int32
        repeat {
            descriptor = open(path, O_RDONLY | O_CLOEXEC)
        } while descriptor < 0 && errno == EINTR
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { throw .missing(name: name) }
            throw .system(operation: "open", name: name, code: errno)
        }
        var status = stat()
        let isKnown = fstat(descriptor, &status) == 0
        if isKnown, status.st_mode & S_IFMT == S_IFDIR {
            close(descriptor)
            throw .isFolder(name: name)
        }
        let isRegular = isKnown && status.st_mode & S_IFMT == S_IFREG
        self.descriptor = descriptor
        self.name = name
        ownsDescriptor = true
        mayWait = !isRegular
        size = isRegular ? Int(status.st_size) : nil
        if isRegular { posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL) }
    }

    /// Reads a descriptor that somebody else opened and will close, such as standard input.
    package init(descriptor: Int32, name: String) {
        self.descriptor = descriptor
        self.name = name
        ownsDescriptor = false
        mayWait = true
        size = nil
    }

    deinit { if ownsDescriptor { close(descriptor) } }

    package func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        while true {
            if mayWait { try waitForInput() }
            let count = Foundation.read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 {
                position += count
                return count
            }
            if errno == EAGAIN {
                try waitForInput()
            } else if errno != EINTR {
                throw ByteStreamError.system(operation: "read", name: name, code: errno)
            }
        }
    }

    private func waitForInput() throws {
        var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while poll(&request, 1, 200) == 0 { try Task.checkCancellation() }
    }
}
