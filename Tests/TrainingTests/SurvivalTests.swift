import Foundation
import Testing
import Training

/// Runs that are cut short, resumed, or go wrong.
struct SurvivalTests {
    @Test(arguments: [TrainingStage.compress, .align, .contrast, .pretrain], [nil, 4] as [Int?])
    func aResumedRunEndsWithTheSameBytes(stage: TrainingStage, rank: Int?) throws {
        if stage == .pretrain, rank != nil { return }
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        var options = try fixture.options(stage, output: "whole")
        options.shuffles = true
        options.maximumSteps = 7
        options.schedule = .cosine
        options.warmupRatio = 0.2
        options.adapterRank = rank
        options.adapterDropout = rank == nil ? 0 : 0.2
        let log = fixture.output("whole.jsonl")
        let whole = try fixture.losses(options, log: log)

        options.output = fixture.output("parts")
        options.saveSteps = 2
        let partLog = fixture.output("parts.jsonl")
        // Stopped by a request after step 5, whose state is saved; then by a kill after step 2 of
        // the rest, which leaves the state of step 6.
        #expect(throws: TrainingError.self) {
            try fixture.losses(options, log: partLog, stoppingAfter: 5)
        }
        let rest = try fixture.losses(options, log: partLog, resuming: true)
        #expect(rest == Array(whole[5...]))
        let names =
            rank == nil
            ? ["model.safetensors"] : ["model.safetensors", "adapter_model.safetensors"]
        for name in names {
            let first = try Data(contentsOf: URL(filePath: fixture.output("whole/\(name)")))
            let second = try Data(contentsOf: URL(filePath: fixture.output("parts/\(name)")))
            #expect(first == second, "\(name)")
        }
        #expect(try Self.losses(in: log) == Self.losses(in: partLog))
    }

    private static func losses(in log: String) throws -> [String] {
        let text = try String(contentsOfFile: log, encoding: .utf8)
        return try text.split(separator: "\n").map { line in
            let object = try #require(
                try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            return "\(object["step"] ?? "") \(object["loss"] ?? "")"
        }
    }

    @Test func theLogHasOneObjectAStep() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        let log = fixture.output("log.jsonl")
        let losses = try fixture.losses(fixture.options(.compress), log: log)
        let lines = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n")
        #expect(lines.count == 4)
        for (number, line) in lines.enumerated() {
            let object = try #require(
                try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            #expect(
                Set(object.keys) == [
                    "step", "epoch", "loss", "learning_rate", "grad_norm", "tokens",
                    "tokens_per_second",
                ])
            #expect(object["step"] as? Int == number + 1)
            #expect((object["loss"] as? NSNumber)?.floatValue == losses[number])
            #expect((object["epoch"] as? NSNumber)?.doubleValue == Double(number + 1) / 4)
        }
    }

    @Test func resumingNeedsTheSameOptionsAndAState() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        var options = try fixture.options(.compress)
        #expect(throws: TrainingError.self) { try fixture.losses(options, resuming: true) }
        options.saveSteps = 1
        #expect(throws: TrainingError.self) { try fixture.losses(options, stoppingAfter: 2) }
        options.learningRate = 2e-3
        #expect {
            try fixture.losses(options, resuming: true)
        } throws: { error in
            "\(error)".contains("--learning-rate")
        }
    }

    @Test func aLossThatIsNoNumberStopsTheRun() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        var options = try fixture.options(.compress)
        options.learningRate = 1e30
        #expect {
            try fixture.losses(options)
        } throws: { error in
            guard case TrainingError.notFinite(let step, _, _, let lines, _) = error else {
                return false
            }
            return step == 2 && lines == [3, 4]
        }
        #expect(!FileManager.default.fileExists(atPath: options.output + "/model.safetensors"))
    }

    @Test func theNumberOfThreadsDoesNotMatterHere() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        var options = try fixture.options(.align)
        let two = try fixture.losses(options)
        options.threads = 1
        #expect(try fixture.losses(options) == two)
    }
}
