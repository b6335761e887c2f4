import Foundation
import TestSupport
import Testing

/// Programs of others against `vdb`, if they are installed: `.ci/install-clients` does that.
@Suite(.serialized) struct OfficialClientTests {
    /// A script beside this file.
    static func script(_ name: String) -> String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Clients/\(name)").path
    }

    private static let python = python(that: "from mcp import Client; import jsonschema")

    /// A Python that has some client: `VDB_CLIENTS_PYTHON`, the one in `.build/clients`, or `python3`.
    ///
    /// - Parameter imports: what it must be able to run.
    static func python(that imports: String) -> String? {
        let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../..").standardizedFileURL.path
        let candidates = [
            ProcessInfo.processInfo.environment["VDB_CLIENTS_PYTHON"],
            repository + "/.build/clients/bin/python", "/usr/bin/env python3",
        ]
        return candidates.compactMap { $0 }.first { candidate in
            run(candidate, "-c", imports).status == 0
        }
    }

    static func run(_ program: String, _ arguments: String...) -> (status: Int32, text: String) {
        run(program, arguments)
    }

    /// Runs a program to its end; the text is what it wrote to both of its outputs.
    static func run(_ program: String, _ arguments: [String]) -> (status: Int32, text: String) {
        let words =
            program.hasPrefix("/usr/bin/env ")
            ? program.split(separator: " ").dropFirst().map(String.init) : [program]
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        // One that hangs fails its test instead of all tests.
        process.arguments = ["timeout", "-k", "10", "600"] + words + arguments
        let output = Pipe.uninherited()
        process.standardOutput = output
        process.standardError = output
        process.standardInput = FileHandle.nullDevice
        do { try process.start() } catch { return (-1, "\(error)") }
        let text = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: text, as: UTF8.self))
    }

    @Test(
        .enabled(
            if: python != nil,
            "Python's package mcp (2.3 or later) is not installed; .ci/install-clients does that"))
    func modelContextProtocol() throws {
        let result = Self.run(
            try #require(Self.python), Self.script("check_mcp.py"), Program.path)
        #expect(result.status == 0, "\(result.text)")
        #expect(result.text.split(separator: "\n").count { $0.hasSuffix(", well") } == 3)
    }
}
