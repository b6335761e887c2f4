import Foundation

/// A stream of bytes: a file, a pipe, or another stream decompressed.
///
/// Not safe for concurrent use; a reader owns its stream.
package protocol ByteStream: AnyObject {
    /// The stream's name in messages: a path or `standard input`.
    var name: String { get }
    /// Bytes read from the underlying file so far, before decompression; for progress.
    var position: Int { get }
    /// Reads bytes into the front of `buffer` and returns their number, 0 only at the end.
    ///
    /// - Throws: `ByteStreamError`, or `CancellationError` if the task was cancelled while waiting
    ///   for a pipe.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int
}

/// Why a stream of bytes cannot be read.
package enum ByteStreamError: Error, Equatable, Sendable {
    case missing(name: String)
    case isFolder(name: String)
    /// A system call failed with `code` (an errno value).
    case system(operation: String, name: String, code: Int32)
    /// The compressed bytes are damaged; `reason` is the decompressor's message.
    case damaged(name: String, format: Compression, reason: String)
    /// The compressed bytes end too early.
    case cutShort(name: String, format: Compression)
    /// A text is not in its encoding, from the byte at `offset` on.
    case undecodable(name: String, encoding: String, offset: Int)
    /// The compressed bytes need more memory than a decompressor may have.
    case needsTooMuchMemory(name: String, format: Compression)
    /// A library that reads the format is not installed; `package` is Debian's that has it.
    case libraryMissing(name: String, library: String, package: String)
    /// A program that reads the format has failed; `message` is what it says, empty if it was ended.
    case programFailed(name: String, message: String)
}

extension ByteStreamError: CustomStringConvertible, LocalizedError {
    package var description: String { "\(name): \(fact)" }

    private var name: String {
        switch self {
        case .missing(let name), .isFolder(let name), .system(_, let name, _),
            .damaged(let name, _, _), .cutShort(let name, _), .undecodable(let name, _, _),
            .needsTooMuchMemory(let name, _), .libraryMissing(let name, _, _),
            .programFailed(let name, _):
            name
        }
    }

    /// The fact without the stream's name.
    package var fact: String {
        switch self {
        case .missing: "there is no such file"
        case .isFolder: "is a folder, not a file"
        case .system(let operation, _, let code):
            "cannot \(operation): \(String(cString: strerror(code)))"
        case .damaged(_, let format, let reason):
            "the \(format.rawValue) data is damaged: \(reason)"
        case .cutShort(_, let format): "the \(format.rawValue) data is truncated"
        case .undecodable(_, let encoding, let offset):
            "is not text in \(encoding) at byte \(offset + 1)"
        case .needsTooMuchMemory(_, let format):
            "decompressing the \(format.rawValue) data needs more memory than it may have"
        case .libraryMissing(_, let library, _): "needs \(library), which is not installed"
        case .programFailed(_, ""): "takes too much time or memory to read"
        case .programFailed(_, let message):
            "cannot be read: " + (message.split(whereSeparator: \.isNewline).first ?? "")
        }
    }

    package var errorDescription: String? { description }
}

/// The bytes of a file descriptor.
///
/// While waiting for a pipe or a terminal it checks five times a second whether the task has been
/// cancelled, so that an interrupted program does not hang on a silent writer, unless it is told not to.
package final class DescriptorStream: ByteStream {
    package let name: String
    package private(set) var position = 0
    package let descriptor: Int32
    private let ownsDescriptor: Bool
    /// Whether reading may block: for anything but a regular file.
    private let mayWait: Bool
    private let checksCancellation: Bool
    /// The size of a regular file; `nil` for anything else.
    package let size: Int?

    /// Opens a file for reading.
    package convenience init(path: String) throws(ByteStreamError) {
        try self.init(path: Array(path.utf8), name: path)
    }

    /// Opens a file whose path need not be UTF-8.
    ///
    /// - Parameter name: the file's name in messages.
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
        checksCancellation = true
        size = isRegular ? Int(status.st_size) : nil
        if isRegular { posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL) }
    }

    /// Reads a descriptor that the caller has opened and closes, such as standard input.
    ///
    /// - Parameter checksCancellation: whether a cancellation of the task ends waiting. Without it, waiting
    ///   costs nothing: for a thread of its own, which belongs to no task and may wait for days.
    package init(descriptor: Int32, name: String, checksCancellation: Bool = true) {
        self.descriptor = descriptor
        self.name = name
        ownsDescriptor = false
        mayWait = true
        self.checksCancellation = checksCancellation
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
        while poll(&request, 1, checksCancellation ? 200 : -1) == 0 {
            try Task.checkCancellation()
        }
    }
}
