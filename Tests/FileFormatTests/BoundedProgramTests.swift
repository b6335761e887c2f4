import FileFormat
import Testing

struct BoundedProgramTests {
    private func run(
        _ line: String, input: [UInt8] = [],
        _ change: (inout BoundedProgram.Bounds) -> Void = { _ in }
    ) throws -> BoundedProgram.Outcome {
        var bounds = BoundedProgram.Bounds(output: 1 << 20)
        change(&bounds)
        return try BoundedProgram.run(
            "/bin/sh", ["-c", line], input: input, bounds: bounds, name: "test")
    }

    @Test func inputOutputAndStatus() throws {
        let input = [UInt8](repeating: 65, count: 300_000)
        guard
            case .ended(let status, let output, let messages) = try run(
                "cat; echo oops >&2; exit 3", input: input)
        else {
            Issue.record("the program did not end by itself")
            return
        }
        #expect(status == 3 && output == input && messages == "oops\n")
    }

    @Test func boundsHold() throws {
        guard case .tookTooLong(1) = try run("sleep 60", { $0.seconds = 1 }) else {
            Issue.record("the time is not bounded")
            return
        }
        guard case .wroteTooMuch(1000) = try run("yes", { $0.output = 1000 }) else {
            Issue.record("the output is not bounded")
            return
        }
        let limit = try run("ulimit -v") { $0.addressSpace = 1 << 30 }
        guard case .ended(0, let output, _) = limit else {
            Issue.record("the program did not end by itself")
            return
        }
        #expect(String(decoding: output, as: UTF8.self) == "1048576\n")
    }

    @Test func programsAreFoundInThePath() {
        #expect(BoundedProgram.find("sh") != nil && BoundedProgram.find("no-such-program") == nil)
    }
}
