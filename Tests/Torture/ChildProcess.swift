import Foundation
import Synchronization
import TestSupport

/// A run of the program under test that is killed at a moment of the driver's choice.
struct ChildProcess {
    /// When SIGKILL comes, if the process has not ended before.
    enum Moment: Sendable, CustomStringConvertible {
        case after(seconds: Double)
        /// As soon as so many documents have been acknowledged.
        case acknowledged(Int)
        /// As soon as so much has happened to the files of the watched folder.
        case events(Int)
        case never

        var description: String {
            switch self {
            case .after(let seconds): "kill after \(String(format: "%.4f", seconds)) s"
            case .acknowledged(let count): "kill once \(count) are acknowledged"
            case .events(let count): "kill at file event \(count)"
            case .never: "no kill"
            }
        }
    }

    struct Outcome: Sendable {
        /// The greatest number of documents that the process said were safe.
        var acknowledged: Int
        /// The exit status; nil where the process was killed.
        var status: Int32?
        /// What it printed, both ways.
        var text: String
        var seconds: Double
        /// What happened to the files of the watched folder.
        var events: Int
    }

    let program: String

    /// Runs the program, reads its acknowledgements, and kills it.
    ///
    /// - Parameter folder: whose file events are counted.
    func run(_ arguments: [String], kill moment: Moment, watching folder: String? = nil) throws
        -> Outcome
    {
        let killer = Killer()
        var limit: Int?
        if case .events(let count) = moment { limit = count }
        let events = folder.flatMap { FolderEvents(folder: $0, limit: limit) { killer.kill() } }
        let began = ContinuousClock.now
        let (process, output) = try start(arguments)
        defer { close(output) }
        killer.begin(process)
        var timer: (any DispatchSourceTimer)?
        if case .after(let seconds) = moment {
            timer = DispatchSource.makeTimerSource(queue: .global(qos: .userInteractive))
            timer?.schedule(deadline: .now() + seconds)
            timer?.setEventHandler { killer.kill() }
            timer?.resume()
        }
        defer { timer?.cancel() }
        var wanted = Int.max
        if case .acknowledged(let count) = moment { wanted = count }
        let (acknowledged, text) = readOutput(output) { if $0 >= wanted { killer.kill() } }
        // Until it is waited for its number is nobody else's.
        killer.end()
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 && errno == EINTR {}
        let signal = status & 0x7f
        guard signal == 0 || signal == SIGKILL else {
            throw KillLoop.Failure(
                description: "vdb \(arguments.first ?? "") ended by signal \(signal): \(text)")
        }
        return Outcome(
            acknowledged: acknowledged, status: signal == 0 ? status >> 8 & 0xff : nil, text: text,
            seconds: (ContinuousClock.now - began) / .seconds(1), events: events?.stop() ?? 0)
    }

    /// - Returns: the process's number and the end of a pipe that has all it prints.
    private func start(_ arguments: [String]) throws -> (pid_t, Int32) {
        try ProcessStart.alone { try startAlone(arguments) }
    }

    private func startAlone(_ arguments: [String]) throws -> (pid_t, Int32) {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw failure("no pipe", errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 2)
        var words = ([program] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var process: pid_t = 0
        let code = posix_spawn(&process, program, &actions, nil, &words, environ)
        close(ends[1])
        guard code == 0 else {
            close(ends[0])
            throw failure("cannot be run", code)
        }
        return (process, ends[0])
    }

    private func failure(_ what: String, _ code: Int32) -> KillLoop.Failure {
        .init(description: "\(program): \(what): \(String(cString: strerror(code)))")
    }

    private func readOutput(_ output: Int32, heard: (Int) -> Void) -> (Int, String) {
        var acknowledged = 0
        var pending: [UInt8] = []
        var printed: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 14)
        while true {
            let count = read(output, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return (acknowledged, String(decoding: printed, as: UTF8.self)) }
            pending += chunk[..<count]
            if printed.count < 10_000 { printed += chunk[..<count] }
            // A line without its end was cut by the kill: the program had not finished saying it.
            while let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
                let line = Data(pending[..<end])
                pending.removeSubrange(...end)
                guard
                    let object = try? JSONSerialization.jsonObject(with: line) as? [String: Any],
                    let count = object["acknowledged"] as? Int
                else { continue }
                acknowledged = max(acknowledged, count)
                heard(acknowledged)
            }
        }
    }
}

/// Kills a process that is known a moment later than the reasons to kill it, and never one that has
/// been waited for, whose number may be another's.
private final class Killer: Sendable {
    private let state = Mutex((process: pid_t(0), isWanted: false))

    func begin(_ process: pid_t) {
        state.withLock {
            $0.process = process
            if $0.isWanted { _ = Foundation.kill(process, SIGKILL) }
        }
    }

    func kill() {
        state.withLock {
            $0.isWanted = true
            if $0.process > 0 { _ = Foundation.kill($0.process, SIGKILL) }
        }
    }

    func end() { state.withLock { $0.process = 0 } }
}
