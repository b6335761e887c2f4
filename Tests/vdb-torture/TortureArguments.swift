import ArgumentParser
import Foundation

/// What every command has.
struct TortureArguments: ParsableArguments {
    @Option(help: "From which everything follows.")
    var seed: UInt64 = .random(in: 0..<1_000_000)

    /// Runs `body` with an empty folder, which stays where something failed.
    func run(_ body: (String) async throws -> Void) async throws {
        report("seed \(seed)")
        let folder = NSTemporaryDirectory() + "vdb-torture-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        do {
            try await body(folder)
            try FileManager.default.removeItem(atPath: folder)
        } catch {
            report("failed: \(error)\nwhat is left is in \(folder)")
            throw ExitCode.failure
        }
    }
}

/// `1234 s`, for reports.
func seconds(since start: ContinuousClock.Instant) -> String {
    "\(Int((ContinuousClock.now - start) / .seconds(1))) s"
}

/// Prints a line at once, also where the output is a file.
func report(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }
