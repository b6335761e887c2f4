import Foundation
import JSON
import Synchronization

/// Standard output: results, and nothing else.
///
/// Lines are buffered and written in large pieces. If the reader has closed the pipe (`vdb … |
/// head`), the program ends quietly, unless its work matters more than its output.
enum Output {
    private struct State {
        var pending: [UInt8] = []
        var survivesLostReader = false
        var isLost = false
    }

    private static let state = Mutex(State())
    private static let bound = 1 << 16

    /// Whether standard output is a terminal.
    static let isTerminal = isatty(STDOUT_FILENO) == 1

    static func line(_ text: String) {
        var text = text
        write(text.withUTF8 { Array($0) } + [10])
    }

    static func write(_ bytes: [UInt8]) {
        let bytes = isTerminal ? TerminalFilter.safe(bytes, keeping: Terminal.styles) : bytes
        state.withLock { state in
            state.pending.append(contentsOf: bytes)
            if state.pending.count >= bound { send(&state) }
        }
    }

    static func flush() { state.withLock { send(&$0) } }

    /// Lets the command continue if the reader of its output has closed the pipe.
    static func survivesLostReader() { state.withLock { $0.survivesLostReader = true } }

    private static func send(_ state: inout State) {
        defer { state.pending.removeAll(keepingCapacity: true) }
        if state.isLost { return }
        var start = 0
        while start < state.pending.count {
            let written = state.pending.withUnsafeBytes {
                Foundation.write(STDOUT_FILENO, $0.baseAddress! + start, $0.count - start)
            }
            if written >= 0 {
                start += written
            } else if errno == EPIPE {
                if !state.survivesLostReader { exit(ExitStatus.done.rawValue) }
                state.isLost = true
                return
            } else if errno != EINTR && errno != EAGAIN {
                Messages.error("standard output: \(String(cString: strerror(errno)))")
                exit(ExitStatus.inputOutput.rawValue)
            }
        }
    }
}

/// Standard error: messages and progress.
enum Messages {
    /// Whether standard error is a terminal.
    static let isTerminal = isatty(STDERR_FILENO) == 1

    /// One line that begins with the program's name.
    static func error(_ message: String) { line("vdb: " + oneLine(message)) }

    static func line(_ text: String) { raw(text + "\n") }

    static func raw(_ text: String) {
        TerminalFilter.safe(Array(text.utf8), keeping: Terminal.controls).withUnsafeBytes { bytes in
            var rest = bytes
            while !rest.isEmpty {
                let written = Foundation.write(STDERR_FILENO, rest.baseAddress, rest.count)
                if written < 0 && errno != EINTR { return }
                rest = UnsafeRawBufferPointer(rebasing: rest[max(0, written)...])
            }
        }
    }

    private static func oneLine(_ message: String) -> String {
        message.split(whereSeparator: \.isNewline).joined(separator: " ")
    }
}

extension JSONWriter {
    /// Prints the object as one line.
    func print() { Output.write(bytes + [10]) }
}
