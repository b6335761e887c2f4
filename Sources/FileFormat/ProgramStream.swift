import Foundation

/// The output of a program that reads a file, as it comes; the program has bounds on its memory and its
/// processor time, and ends with this object.
package final class ProgramStream: ByteStream {
    package let name: String
    private let child: pid_t
    private let output: Int32
    private let messages: UnnamedFile
    private var status: Int32?
    private var count = 0

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - program: its path.
    ///   - input: a descriptor of a file, the program's standard input.
    ///   - name: the file's name in errors.
    package init(
        _ program: String, _ arguments: [String], input: Int32, bounds: BoundedProgram.Bounds,
        name: String
    ) throws(ByteStreamError) {
        self.name = name
        messages = try UnnamedFile(for: name)
        var pair: [Int32] = [-1, -1]
        guard pipe(&pair) == 0 else {
            throw .system(operation: "make a pipe", name: name, code: errno)
        }
        for descriptor in pair { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        output = pair[0]
        defer { close(pair[1]) }
        do throws(ByteStreamError) {
            child = try BoundedProgram.spawn(
                program, arguments, descriptors: [input, pair[1], messages.descriptor],
                bounds: bounds, name: name)
        } catch {
            close(pair[0])
            throw error
        }
    }

    deinit {
        close(output)
        if status == nil {
            kill(child, SIGKILL)
            _ = Self.wait(child)
        }
    }

    /// Bytes of the output so far: how much of the file the program has read is not known.
    package var position: Int { count }

    package func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        while true {
            try Task.checkCancellation()
            var request = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
            if poll(&request, 1, 200) <= 0 { continue }
            let got = Foundation.read(output, buffer.baseAddress, buffer.count)
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else {
                throw ByteStreamError.system(operation: "read", name: name, code: errno)
            }
            count += got
            if got == 0 { try finish() }
            return got
        }
    }

    /// - Throws: `ByteStreamError.programFailed` unless the program ended well.
    private func finish() throws(ByteStreamError) {
        let status = self.status ?? Self.wait(child)
        self.status = status
        if status == 0 { return }
        messages.rewind()
        var bytes = [UInt8](repeating: 0, count: 4096)
        let got = max(0, Foundation.read(messages.descriptor, &bytes, bytes.count))
        throw .programFailed(
            name: name, message: String(decoding: bytes[..<got], as: UTF8.self))
    }

    private static func wait(_ child: pid_t) -> Int32 {
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        return status
    }
}
