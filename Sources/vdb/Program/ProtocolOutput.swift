import Foundation

/// Standard output, reserved for the messages of a protocol.
///
/// What anything else in the program prints goes to standard error instead.
struct ProtocolOutput: Sendable {
    private let descriptor: Int32

    /// Takes standard output for itself.
    init() throws {
        descriptor = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)
        guard descriptor >= 0, dup2(STDERR_FILENO, STDOUT_FILENO) >= 0 else {
            throw CommandFailure(
                .inputOutput, "standard output: \(String(cString: strerror(errno)))")
        }
    }

    /// Writes all bytes; may wait for the reader.
    @Sendable func write(_ bytes: [UInt8]) throws {
        var start = 0
        while start < bytes.count {
            let written = bytes.withUnsafeBytes {
                Foundation.write(descriptor, $0.baseAddress! + start, $0.count - start)
            }
            if written >= 0 {
                start += written
            } else if errno == EAGAIN {
                var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&request, 1, -1)
            } else if errno != EINTR {
                throw CommandFailure(
                    .inputOutput, "standard output: \(String(cString: strerror(errno)))")
            }
        }
    }
}
