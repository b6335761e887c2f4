import Foundation
import TestSupport
import VectorDatabase

extension ConcurrencyLoop {
    /// A writer in other processes, one after another.
    func ingest(_ program: String, writer: Int) async throws {
        var random = RandomSource(seed: options.seed &* 3000)
        let child = ChildProcess(program: program)
        let input = options.folder + "/process.jsonl"
        let start = ContinuousClock.now
        var version = 1
        while !isEnough(10 * version, since: start) {
            version += 1
            let group = WriteGroup.random(of: writer, &random)
            try SampleDocument.write(
                group.documents(version), dimensions: FaultScript.dimensions, to: input)
            journal.begin(group, version)
            var status: Int32? = 75
            while status == 75 {
                let outcome = try await blocking {
                    try child.run(["ingest", input, "--db", path, "--quiet"], kill: .never)
                }
                status = outcome.status
                guard status == 0 || status == 75 else {
                    throw failure("vdb ingest ends with \(status ?? -1): \(outcome.text)")
                }
                journal.count { $0.processes += 1 }
            }
            journal.acknowledge(group, version, isDeleted: false)
        }
    }

    /// Readers in other processes, until the writers are done.
    func query(_ program: String) async throws {
        var random = RandomSource(seed: options.seed &* 4000)
        while !journal.isOver {
            let vector = (0..<FaultScript.dimensions).map { _ in
                Float.random(in: -1...1, using: &random)
            }
            let word = "word\(Int.random(in: 0...100, using: &random))"
            let arguments = random.pick([
                ["query", "--vector", "\(vector)", "--mode", "dense"],
                ["query", word, "--mode", "lexical"], ["stats"], ["list", "--limit", "5"],
            ])
            try await expectAnswer(program, arguments)
        }
    }

    private func expectAnswer(_ program: String, _ arguments: [String]) async throws {
        let outcome = try await blocking {
            try ChildProcess(program: program).run(
                arguments + ["--db", path, "--quiet"], kill: .never)
        }
        guard outcome.status == 0 else {
            throw failure("vdb \(arguments[0]) ends with \(outcome.status ?? -1): \(outcome.text)")
        }
        journal.count { $0.processes += 1 }
    }

    /// While this process holds the lock another one reads, and is told so when it wants to write.
    func expectLocked(_ program: String) async throws {
        try await expectAnswer(program, ["list", "--limit", "5"])
        let outcome = try await blocking {
            try ChildProcess(program: program).run(
                ["delete", "d0", "--db", path, "--quiet"], kill: .never)
        }
        guard outcome.status == 75, outcome.text.contains("process \(getpid())") else {
            throw failure(
                "a second writer ends with \(outcome.status ?? -1): \(outcome.text)")
        }
        journal.count { $0.processes += 1 }
    }

    /// Runs `body` on a thread of its own, not on one that tasks need.
    private func blocking<Result: Sendable>(
        _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            Thread { continuation.resume(with: .init(catching: body)) }.start()
        }
    }
}
