import JSON
import ModelContextProtocol
import Synchronization

/// Tools without a database: `echo` answers with its argument, `wait` when it is told to or cancelled,
/// `fail` throws.
final class StandInTools: ToolProvider {
    private struct State {
        var open: Set<String> = []
        var running = 0
        var mostRunning = 0
        var cancelled = 0
    }

    private let state = Mutex(State())

    /// The calls that run now.
    var running: Int { state.withLock { $0.running } }
    /// The most calls that ran at once.
    var mostRunning: Int { state.withLock { $0.mostRunning } }
    var cancelled: Int { state.withLock { $0.cancelled } }

    /// Lets calls of `wait` with this text return.
    func open(_ text: String) { state.withLock { _ = $0.open.insert(text) } }

    struct Failure: Error {}

    let tools: [Tool] = ["echo", "wait", "fail"].map { name in
        Tool(
            name: name, title: name, description: "A tool.",
            input: .object(.required("text", Schema(.string))),
            output: .object(.required("text", Schema(.string))),
            effect: name == "fail" ? .changes : .reads)
    }

    func instructions() async -> String { "how to" }

    func call(_ name: String, arguments: JSONObject) async throws -> ToolResult? {
        let text = arguments["text"]?.stringValue ?? ""
        state.withLock { state in
            state.running += 1
            state.mostRunning = max(state.mostRunning, state.running)
        }
        defer { state.withLock { $0.running -= 1 } }
        switch name {
        case "echo": break
        case "wait":
            while !state.withLock({ $0.open.contains(text) }) {
                do { try await Task.sleep(for: .milliseconds(1)) } catch {
                    state.withLock { $0.cancelled += 1 }
                    throw error
                }
            }
        case "fail":
            if text.isEmpty { throw Failure() }
            return .failure(text)
        default: return nil
        }
        var line = JSONWriter()
        line.set("text", text)
        return .content(line)
    }
}
