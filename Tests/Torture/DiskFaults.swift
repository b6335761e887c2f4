import Foundation
import TestSupport
import VectorDatabase

/// A script is run once for each operation that it makes on the disk, and that operation fails.
///
/// Whatever fails, the call that needed it throws a `DatabaseError` whose description is one line, or
/// succeeds without it; the database stays open and, when the fault is over, does what it is asked;
/// what had returned before is stored, whole, as it is after closing and opening again.
package struct DiskFaults {
    package struct Summary: Sendable {
        /// Operations of the script on the disk.
        package var operations = 0
        /// Faults that were put in.
        package var faults = 0
        /// Calls that threw because of them.
        package var errors = 0
    }

    let script: FaultScript
    let folder: String
    var random: RandomSource
    private var verifier = Verifier(program: nil, dimensions: FaultScript.dimensions)

    package init(_ script: FaultScript, folder: String, seed: UInt64) {
        self.script = script
        self.folder = folder
        random = RandomSource(seed: seed)
    }

    private var path: String { folder + "/corpus.vdb" }

    /// - Parameters:
    ///   - step: every so many operations.
    ///   - first: the first of them.
    package mutating func run(
        _ kind: FaultMachine.Kind, lasts: Bool, step: Int = 1, first: Int = 1
    ) async throws -> Summary {
        var summary = Summary()
        var failing = first
        var failures = Failures()
        while true {
            var plan = FaultMachine.Plan()
            plan.failing = failing
            plan.kind = kind
            plan.lasts = lasts
            let outcome: (operations: Int, failures: Int, errors: Int)
            do { outcome = try await run(plan) } catch {
                try failures.append(
                    "operation \(failing) fails (\(kind), "
                        + "\(lasts ? "and all that follow" : "once")): \(error)")
                failing += step
                continue
            }
            summary.operations = max(summary.operations, outcome.operations)
            summary.faults += outcome.failures
            summary.errors += outcome.errors
            // Threads of SQLite's readers make the count vary a little.
            if outcome.operations < failing { break }
            failing += step
        }
        try failures.end()
        return summary
    }

    private mutating func run(_ plan: FaultMachine.Plan) async throws
        -> (operations: Int, failures: Int, errors: Int)
    {
        try? FileManager.default.removeItem(atPath: folder)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let machine = FaultMachine(folder: folder)
        defer { machine.stop() }
        machine.plan = plan
        let done = await perform(on: machine)
        let (operations, failures) = (machine.operations, machine.failures)
        if let error = done.error {
            guard plan.kind != .interrupted else {
                throw KillLoop.Failure(description: "an interrupted call is not repeated: \(error)")
            }
            try expectSentence(error)
        }

        // The fault is over. The database that is open goes on.
        machine.plan = FaultMachine.Plan()
        let database: Database
        if let open = done.database {
            database = open
        } else {
            database = try Database(path: path, options: FaultScript.options(machine))
        }
        defer { try? database.close() }
        var before = script.states[done.steps]
        let found = try await verifier.verify(database, random: &random)
        if done.steps < script.count {
            if let contradiction = script.actions[done.steps].contradiction(
                before: before, after: found, acknowledged: 0, isComplete: false)
            {
                throw KillLoop.Failure(
                    description: "after step \(done.steps), which failed with "
                        + "\(done.error.map { "\($0)" } ?? "nothing"): \(contradiction)")
            }
        } else if before != found {
            throw KillLoop.Failure(description: "something is lost")
        }
        before = found
        for action in script.actions[done.steps...].prefix(1) {
            do { try await script.perform(action, on: database) } catch {
                throw KillLoop.Failure(
                    description: "step \(done.steps) failed with "
                        + "\(done.error.map { "\($0)" } ?? "nothing"), and when the fault was over, "
                        + "with \(error)")
            }
            before = action.result(before: before)
        }
        try database.close()
        let reopened = try Database(path: path, options: FaultScript.options(machine))
        defer { try? reopened.close() }
        guard try await verifier.verify(reopened, random: &random) == before else {
            throw KillLoop.Failure(description: "after opening again something is lost")
        }
        return (operations, failures, done.error == nil ? 0 : 1)
    }

    private struct Progress {
        var database: Database?
        var steps = 0
        var error: (any Error)?
    }

    /// The script up to its first error.
    private func perform(on machine: FaultMachine) async -> Progress {
        var progress = Progress()
        do {
            let database = try Database(path: path, options: FaultScript.options(machine))
            progress.database = database
            for action in script.actions {
                try await script.perform(action, on: database)
                progress.steps += 1
            }
        } catch { progress.error = error }
        return progress
    }

    /// A fault is told as a `DatabaseError`, in one line that names a file or its folder.
    private func expectSentence(_ error: any Error) throws {
        guard error is DatabaseError else {
            throw KillLoop.Failure(description: "an error of the type \(type(of: error)): \(error)")
        }
        let text = "\(error)"
        guard !text.isEmpty, !text.contains("\n"), text.contains(folder) else {
            throw KillLoop.Failure(description: "no sentence: \(text)")
        }
    }
}
