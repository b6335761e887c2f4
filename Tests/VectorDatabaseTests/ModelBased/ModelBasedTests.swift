import Foundation
import PostgresTestSupport
import TestSupport
import Testing
import VectorDatabase

/// Runs random scripts on a database and on a dictionary. For longer runs (`make model-test
/// SECONDS=600`):
///
/// - `VDB_MODEL_SECONDS`: how long; without it `VDB_MODEL_SCRIPTS` (8) scripts are run.
/// - `VDB_MODEL_LENGTH`: steps in a script (40).
/// - `VDB_SEED`: the seed of the first script; the others follow. A failure prints its own.
struct ModelBasedTests {
    private static func setting(_ name: String) -> Int? {
        ProcessInfo.processInfo.environment[name].flatMap { Int($0) }
    }

    @Test(arguments: TestStore.available) func randomScripts(store: TestStore) async throws {
        let seconds = Self.setting("VDB_MODEL_SECONDS")
        let count = seconds == nil ? Self.setting("VDB_MODEL_SCRIPTS") ?? 8 : .max
        let length = Self.setting("VDB_MODEL_LENGTH") ?? 40
        // Other scripts in every run, unless a seed is given.
        let first = RandomSource.seed()
        let end = ContinuousClock.now + .seconds(seconds ?? 3600)
        var done = 0
        while done < count, ContinuousClock.now < end {
            let seed = first + UInt64(done)
            var generator = ScriptGenerator(seed: seed)
            let script = generator.script(length: length)
            do { try await ModelRun.run(script, on: store) } catch {
                return try await report(script, store, seed: seed, length: length, error: error)
            }
            done += 1
        }
        print("model-based: \(store): \(done) scripts of \(length) steps from seed \(first) on")
    }

    private func report(
        _ script: [Operation], _ store: TestStore, seed: UInt64, length: Int, error: any Error
    ) async throws {
        var shrinker = ScriptShrinker(fails: { script in
            do { try await ModelRun.run(script, on: store) } catch { return true }
            return false
        })
        let short = await shrinker.shrink(script)
        var message = "\(error)"
        do { try await ModelRun.run(short, on: store) } catch { message = "\(error)" }
        Issue.record(
            """
            \(store): VDB_SEED=\(seed) VDB_MODEL_LENGTH=\(length): \(message)
            \(Operation.source(short))
            """)
    }

    /// Failures that were found and fixed.
    @Test func regressions() async throws {
        try await ModelRun.run([
            .ingest([.init(1, text: 1)]), .query(1, mode: .hybrid, limit: 3), .delete([1]),
        ])
    }

    @Test func theSameSeedGivesTheSameScript() {
        var (one, other) = (ScriptGenerator(seed: 5), ScriptGenerator(seed: 5))
        #expect(one.script(length: 50) == other.script(length: 50))
    }

    /// A script that fails at one step is cut down to what that step needs.
    @Test func failuresShrink() async {
        var generator = ScriptGenerator(seed: 3)
        var script = generator.script(length: 60)
        script.insert(.ingestMany(id: 1, count: 70, text: 5), at: 20)
        script.insert(.compact, at: 40)
        var shrinker = ScriptShrinker(fails: { script in
            guard let compact = script.lastIndex(of: .compact) else { return false }
            return script[..<compact].contains {
                if case .ingestMany(_, let count, _, _, _) = $0 { count >= 3 } else { false }
            }
        })
        let short = await shrinker.shrink(script)
        #expect(short.count == 2)
        guard case .ingestMany(_, let count, _, _, _)? = short.first else {
            Issue.record("\(short)")
            return
        }
        #expect(count == 3 && short.last == .compact)
    }
}
