import Foundation
import FuzzTargets
import TestSupport
import Testing

/// Runs every input of the corpora through the entry that libFuzzer runs: seeds, and what it found.
struct CorpusTests {
    static let root = Bundle.module.bundlePath + "/Corpus"

    @Test(arguments: FuzzTarget.allCases)
    func replays(_ target: FuzzTarget) async throws {
        let folder = Self.root + "/" + target.rawValue
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        #expect(!names.isEmpty)
        for name in names {
            let input = try Data(contentsOf: URL(fileURLWithPath: folder + "/" + name))
            do { try await target.run(Array(input)) } catch {
                Issue.record("\(target.rawValue)/\(name): \(error)")
            }
        }
    }

    /// Any seed, cut or with a byte changed: a few hundred cheap inputs at every test run.
    @Test(arguments: FuzzTarget.allCases)
    func survivesChangedSeeds(_ target: FuzzTarget) async throws {
        let folder = Self.root + "/" + target.rawValue
        var source = RandomSource.forTest(1)
        func random(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &source) }
        for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() {
            let seed = Array(try Data(contentsOf: URL(fileURLWithPath: folder + "/" + name)))
            guard (1..<4096).contains(seed.count) else { continue }
            for _ in 0..<10 {
                var input = seed
                for _ in 0...random(3) { input[random(input.count)] ^= UInt8(1 << random(8)) }
                if random(4) == 0 { input.removeLast(random(input.count)) }
                do { try await target.run(input) } catch {
                    Issue.record("\(target.rawValue), from \(name): \(error): \(input)")
                }
            }
        }
    }
}
