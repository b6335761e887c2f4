import Foundation

/// Runs a program on the bytes of a file, with bounds on its memory, its time and its output: a
/// crafted file may end the program, but not this process.
package enum BoundedProgram {
    /// How a run ended.
    package enum Outcome: Sendable {
        /// The program ended by itself.
        case ended(status: Int32, output: [UInt8], messages: String)
        case tookTooLong(seconds: Int)
        case wroteTooMuch(bytes: Int)
    }

    /// The bounds of a run.
    package struct Bounds: Sendable {
        package var addressSpace = 2 << 30
        package var seconds = 60
        package var output: Int

        package init(output: Int) { self.output = output }
    }

    /// The path of a program in `$PATH`; `nil` if it is not installed.
    package static func find(_ name: String) -> String? {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
        return path.split(separator: ":").map { "\($0)/\(name)" }
            .first { access($0, X_OK) == 0 }
    }

    /// Runs a program whose standard input is `input`, and waits for it.
    ///
    /// - Parameters:
    ///   - program: its path.
    ///   - name: the input's name in errors.
    /// - Throws: `ByteStreamError.system`; `CancellationError`, after the program has been ended.
    package static func run(
        _ program: String, _ arguments: [String], input: [UInt8], bounds: Bounds, name: String
    ) throws -> Outcome {
        // Not a pipe: readers of PDF seek.
        let file = try UnnamedFile(for: name)
        defer { withExtendedLifetime(file) {} }
        try input.withUnsafeBytes(file.write)
        file.rewind()
        var pipes: [Int32] = [-1, -1, -1, -1]
        defer { for descriptor in pipes where descriptor >= 0 { close(descriptor) } }
        for first in [0, 2] {
            var pair: [Int32] = [-1, -1]
            guard pipe(&pair) == 0 else { throw failure("make a pipe", name) }
            for descriptor in pair { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
            (pipes[first], pipes[first + 1]) = (pair[0], pair[1])
        }
        let child = try spawn(
            program, arguments, descriptors: [file.descriptor, pipes[1], pipes[3]], bounds: bounds,
            name: name)
        for index in [1, 3] {
            close(pipes[index])
            pipes[index] = -1
        }
        var isRunning = true
        defer {
            if isRunning {
                kill(child, SIGKILL)
                var status: Int32 = 0
                while waitpid(child, &status, 0) < 0, errno == EINTR {}
            }
        }
        var streams: [(descriptor: Int32, bytes: [UInt8])] = [(pipes[0], []), (pipes[2], [])]
        let deadline = ContinuousClock.now + .seconds(bounds.seconds)
        var open = 2
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while open > 0 {
            try Task.checkCancellation()
            if ContinuousClock.now > deadline { return .tookTooLong(seconds: bounds.seconds) }
            var requests = streams.map {
                pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0)
            }
            if poll(&requests, 2, 200) <= 0 { continue }
            for index in 0..<2 where requests[index].revents != 0 {
                let count = read(streams[index].descriptor, &buffer, buffer.count)
                if count < 0, errno == EINTR { continue }
                if count <= 0 {
                    streams[index].descriptor = -1
                    open -= 1
                } else if index == 0 {
                    streams[0].bytes += buffer[..<count]
                    if streams[0].bytes.count > bounds.output {
                        return .wroteTooMuch(bytes: bounds.output)
                    }
                } else if streams[1].bytes.count < 1 << 16 {
                    streams[1].bytes += buffer[..<count]
                }
            }
        }
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        isRunning = false
        // The low seven bits are the signal that ended it, if one did.
        let code = status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + status & 0x7F
        return .ended(
            status: code, output: streams[0].bytes,
            messages: String(decoding: streams[1].bytes, as: UTF8.self))
    }

    private static func failure(_ operation: String, _ name: String) -> ByteStreamError {
        .system(operation: operation, name: name, code: errno)
    }

    /// Starts the program through a shell, which sets its limits.
    static func spawn(
        _ program: String, _ arguments: [String], descriptors: [Int32], bounds: Bounds, name: String
    ) throws(ByteStreamError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (target, descriptor) in descriptors.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(target))
        }
        let limits =
            "ulimit -v \(bounds.addressSpace >> 10); ulimit -t \(bounds.seconds); exec \"$0\" \"$@\""
        let words = ["/bin/sh", "-c", limits, program] + arguments
        var strings: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for string in strings { free(string) } }
        var child: pid_t = 0
        let code = posix_spawn(&child, "/bin/sh", &actions, nil, &strings, environ)
        guard code == 0 else {
            throw .system(operation: "start \(program)", name: name, code: code)
        }
        return child
    }
}
