import DefaultModel
import Foundation
import TestSupport
import Testing
import Torture

/// The short versions of `make torture`: `vdb` killed at random moments, and nothing lost. A failure
/// names seed and step. See `KillLoop` and `MigrationKills` for what is looked at after each kill.
@Suite(.enabled(if: FileManager.default.isExecutableFile(atPath: Program.path), "vdb is not built"))
struct KillLoopTests {
    private static let tinyModel = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../TrainingTests/Fixtures/tiny").standardizedFileURL.path

    @Test(arguments: ["vectors", "texts", "tuned"])
    func nothingAcknowledgedIsLost(epoch: String) async throws {
        let program = Program()
        var options = KillLoop.Options(
            program: Program.path, folder: program.folder, seed: RandomSource.seed(6), kills: 10)
        options.epochs = [epoch]
        options.documents = 60
        options.texts = 40
        options.builtIn = try DefaultModel.embedder()
        let files = DefaultModel.File.carried.map { ($0.rawValue, Data($0.bytes)) }
        options.models = try ModelVariants(files: files).write(count: 1, to: program.path("model"))
        options.tinyModels = try ModelVariants(folder: Self.tinyModel)
            .write(count: 2, to: program.path("tiny"))
        var loop = try KillLoop(options)
        let summary = try await loop.run()
        #expect(summary.kills == 10)
    }

    @Test func aKilledMigrationGoesOn() async throws {
        let program = Program()
        var migrations = try MigrationKills(
            program: Program.path, folder: program.folder, seed: RandomSource.seed(6))
        let summary = try await migrations.run(kills: 12)
        #expect(summary.kills >= 12)
        #expect(summary.databases > 0)
    }

    /// Other processes read and write at once with this one, and a second writer is told who holds the
    /// lock. The threads alone are tested by `ConcurrencyLoopTests`.
    @Test func processesReadAndWriteAtOnce() async throws {
        let program = Program()
        var options = ConcurrencyLoop.Options(folder: program.folder, seed: RandomSource.seed(6))
        options.program = Program.path
        options.writes = 10
        options.readers = 2
        let summary = try await ConcurrencyLoop(options).run()
        #expect(summary.processes > 2)
    }
}
