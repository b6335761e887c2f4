import FileFormat
import Foundation
import Tensors
import TestSupport
import Testing
import TrainingTestSupport

@testable import Training

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
            return "\(object["step"] ?? "") \(object["loss"] ?? "") \(object["gain"] ?? "")"
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
            let gain: Set = number == 0 || number == 3 ? ["gain"] : []
            #expect(
                Set(object.keys)
                    == gain.union([
                        "step", "epoch", "loss", "learning_rate", "grad_norm", "tokens",
                        "tokens_per_second",
                    ]))
            #expect(object["step"] as? Int == number + 1)
            #expect((object["loss"] as? NSNumber)?.floatValue == losses[number])
            #expect((object["epoch"] as? NSNumber)?.doubleValue == Double(number + 1) / 4)
        }
    }

    @Test func resumingNeedsTheSameOptions() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        var options = try fixture.options(.compress)
        options.saveSteps = 1
        #expect(throws: TrainingError.self) { try fixture.losses(options, stoppingAfter: 2) }
        options.learningRate = 2e-3
        #expect {
            try fixture.losses(options, resuming: true)
        } throws: { error in
            "\(error)".hasPrefix("learning_rate is 0.002 but was 0.001 when")
        }
    }

    /// States and records of version 0.1 name options as its command line does.
    @Test func whatTheFirstVersionSavedIsResumed() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        func oldName(_ name: String) -> String {
            switch name {
            case "stage": "stage"
            case "shuffle": "shuffling"
            case "micro_batch_tokens": "the micro-batch's tokens"
            default: "--" + name.replacing("_", with: "-")
            }
        }
        var options = try fixture.options(.align, output: "whole")
        let whole = try fixture.losses(options)
        options.output = fixture.output("parts")
        options.saveSteps = 1
        #expect(throws: TrainingError.self) { try fixture.losses(options, stoppingAfter: 2) }
        let path = options.output + "/training-state.safetensors"
        let file = try SafetensorsFile(path: path)
        var metadata = file.metadata
        let saved = try JSONDecoder().decode(
            [String: String].self, from: Data(try #require(metadata["options"]).utf8))
        #expect(saved["max_steps"] == "4" && saved["strategy"] == "0")
        let old = Dictionary(uniqueKeysWithValues: saved.map { (oldName($0.key), $0.value) })
        #expect(old["--max-steps"] == "4" && old["the micro-batch's tokens"] == "16384")
        metadata["options"] = String(decoding: try JSONEncoder().encode(old), as: UTF8.self)
        let views = try file.names.map { try file.tensor(named: $0) }
        try SafetensorsWriter.write(
            to: path + ".old",
            tensors: views.map {
                .init(name: $0.name, shape: $0.shape, elementType: $0.elementType)
            }, metadata: metadata
        ) { declaration, write in try write(try file.tensor(named: declaration.name).bytes) }
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.moveItem(atPath: path + ".old", toPath: path)
        #expect(try fixture.losses(options, resuming: true) == Array(whole[2...]))

        // The same of a finished run's record.
        let record = options.output + "/training.json"
        var object = try #require(
            try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: record)))
                as? [String: Any])
        object["options"] = old
        try JSONSerialization.data(withJSONObject: object).write(to: URL(filePath: record))
        #expect(try Trainer.run(options, resuming: true).wasFinished)
    }

    @Test func aModelIsNotOverwrittenUnasked() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        let options = try fixture.options(.compress)
        let first = try Trainer.run(options)
        let path = options.output + "/model.safetensors"
        let weights = try Data(contentsOf: URL(filePath: path))
        // A finished model, one's configuration alone, and an adapter's.
        for kept in ["model.safetensors", "config.json", "adapter_config.json"] {
            if kept == "adapter_config.json" {
                try FileManager.default.moveItem(
                    atPath: options.output + "/config.json", toPath: options.output + "/" + kept)
            }
            #expect {
                try Trainer.run(options)
            } throws: { error in
                guard case TrainingError.outputExists(let path) = error else { return false }
                return path == options.output
            }
            if kept == "model.safetensors" {
                #expect(try Data(contentsOf: URL(filePath: path)) == weights)
                #expect(try Trainer.run(options, resuming: true).wasFinished)
                // Not this run's to resume.
                try FileManager.default.removeItem(atPath: options.output + "/training.json")
                #expect(throws: TrainingError.self) { try Trainer.run(options, resuming: true) }
                try FileManager.default.removeItem(atPath: path)
            }
        }
        let second = try Trainer.run(options, overwriting: true)
        #expect(second.lastLoss == first.lastLoss)
        #expect(try Data(contentsOf: URL(filePath: path)) == weights)
    }

    /// The rates of transformers' schedules: a linear rise over the warm-up, then each its own way.
    @Test(arguments: LearningRateSchedule.allCases)
    func theRateFollowsTheSchedule(schedule: LearningRateSchedule) throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        var options = try fixture.options(.contrast)
        options.schedule = schedule
        options.maximumSteps = 5
        options.warmupRatio = 0.2
        var rates: [Double] = []
        _ = try Trainer.run(
            options,
            progress: { if case .step(let step) = $0 { rates.append(step.learningRate / 1e-3) } })
        let expected: [Double] =
            switch schedule {
            case .cosine: [0, 1, 0.8535533905932737, 0.5, 0.14644660940672627]
            case .linear: [0, 1, 0.75, 0.5, 0.25]
            case .constant: [0, 1, 1, 1, 1]
            }
        #expect(zip(rates, expected).allSatisfy { abs($0 - $1) < 1e-12 }, "\(rates)")
    }

    /// A run that was killed before it saved anything is begun again by the same command.
    @Test func resumingWithoutAStateBeginsAnew() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        var options = try fixture.options(.compress)
        let whole = try fixture.losses(options)
        options.output = fixture.output("other")
        var wasTold = false
        var losses: [Float] = []
        _ = try Trainer.run(
            options, resuming: true,
            progress: {
                switch $0 {
                case .nothingToResume: wasTold = true
                case .step(let step): losses.append(step.loss)
                default: break
                }
            })
        #expect(wasTold && losses == whole)
    }

    /// What is left at the end is what is deployed, and says that the run is finished.
    @Test func aFinishedFolderHoldsTheModelAndItsRecord() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        var options = try fixture.options(.align)
        options.saveSteps = 1
        _ = try fixture.losses(options)
        let names = try FileManager.default.contentsOfDirectory(atPath: options.output).sorted()
        #expect(
            names == [
                "autoregembed.json", "config.json", "generation_config.json", "model.safetensors",
                "tokenizer.json", "tokenizer_config.json", "training.json",
            ])
        let weights = try Data(contentsOf: URL(filePath: options.output + "/model.safetensors"))

        let again = try Trainer.run(options, resuming: true)
        #expect(again.wasFinished && again.steps == 4)
        options.beta = 0.2
        #expect {
            try Trainer.run(options, resuming: true)
        } throws: { error in
            "\(error)".contains("holds a finished run, whose beta was 0.1, not 0.2")
        }
        #expect(
            try Data(contentsOf: URL(filePath: options.output + "/model.safetensors")) == weights)
        // Another run in its place forgets it from the first step on.
        #expect(throws: TrainingError.self) { try fixture.losses(options, stoppingAfter: 2) }
        options.beta = 0.1
        #expect(throws: TrainingError.self) { try fixture.losses(options, resuming: true) }
    }

    @Test(arguments: ["-1", "x", "9223372036854775808"])
    func aStepThatCannotBeIsNotTakenForZero(step: String) throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        var options = try fixture.options(.compress, output: "parts")
        options.saveSteps = 1
        #expect(throws: TrainingError.self) { try fixture.losses(options, stoppingAfter: 2) }
        let path = options.output + "/training-state.safetensors"
        let file = try SafetensorsFile(path: path)
        var metadata = file.metadata
        #expect(metadata["step"] == "2")
        metadata["step"] = step
        let views = try file.names.map { try file.tensor(named: $0) }
        try SafetensorsWriter.write(
            to: path + ".new",
            tensors: views.map {
                .init(name: $0.name, shape: $0.shape, elementType: $0.elementType)
            }, metadata: metadata
        ) { declaration, write in try write(try file.tensor(named: declaration.name).bytes) }
        #expect(rename(path + ".new", path) == 0)
        #expect {
            try fixture.losses(options, resuming: true)
        } throws: { error in
            if case TrainingError.cannotRead(_, .notARecord) = error { true } else { false }
        }
    }

    @Test func referenceScoresAreComputedOnceAndKept() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        var options = try fixture.options(.align)
        options.referenceScores = fixture.output("scores.jsonl")
        func run() throws -> (losses: [Float], computed: Int) {
            var losses: [Float] = []
            var computed = 0
            _ = try Trainer.run(
                options, overwriting: true,
                progress: {
                    switch $0 {
                    case .preparing(.referenceScores, let done, _): computed = done
                    case .step(let step): losses.append(step.loss)
                    default: break
                    }
                })
            return (losses, computed)
        }
        let first = try run()
        #expect(first.computed == 8)
        let second = try run()
        #expect(second.computed == 0 && second.losses == first.losses)
        // Scores that are too few, as in a damaged file, are computed again.
        let file = URL(filePath: fixture.output("scores.jsonl"))
        var lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        lines[1] = #"{"row":0,"scores":[]}"#
        try lines.joined(separator: "\n").write(to: file, atomically: true, encoding: .utf8)
        let third = try run()
        #expect(third.computed == 8 && third.losses == first.losses)
        // Whatever the scores depend on is part of what they are kept under.
        options.maximumLength = 3
        #expect(try run().computed == 8)
    }

    @Test func aLossThatIsNoNumberStopsTheRun() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        var options = try fixture.options(.compress)
        options.learningRate = 1e30
        #expect {
            try fixture.losses(options)
        } throws: { error in
            guard case TrainingError.notFinite(let step, _, let batch, nil) = error else {
                return false
            }
            return step == 2 && batch.lines == [3, 4] && batch.ids.isEmpty
        }
        #expect(!FileManager.default.fileExists(atPath: options.output + "/model.safetensors"))
    }

    /// Whichever call fails while a state is written, the one before it stays whole.
    @Test func aStateThatCannotBeWrittenLeavesTheOneBefore() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        let backend = CPUBackend(threads: 1)
        let identity = try RunIdentity(
            options: fixture.options(.compress), data: "d", model: "m")
        func optimizer(_ value: Float) -> Optimizer {
            let weights = Parameter(
                name: "w", shape: [4],
                value: Value(backend.buffer([Float](repeating: value, count: 4))), isTrained: true)
            return Optimizer([weights], weightDecay: 0, backend: backend)
        }
        func saved() throws -> Float {
            let target = optimizer(0)
            _ = try TrainingState.restore(into: target, identity: identity, backend: backend)
            return target.parameters[0].value.floats(backend).array[0]
        }
        let totals = TrainingState.Totals()
        _ = try TrainingState.save(optimizer(1), totals: totals, identity: identity)
        let counting = FaultyFileSystem()
        _ = try TrainingState.save(
            optimizer(1), totals: totals, identity: identity, fileSystem: counting)
        #expect(counting.calls > 4)
        for call in 1...counting.calls {
            let system = FaultyFileSystem(.init(failing: call, code: ENOSPC, failsFromThere: true))
            var isWritten = true
            do {
                _ = try TrainingState.save(
                    optimizer(2), totals: totals, identity: identity, fileSystem: system)
            } catch { isWritten = false }
            let value = try saved()
            #expect(value == 1 || value == 2)
            if isWritten { #expect(value == 2) }
            _ = try TrainingState.save(optimizer(1), totals: totals, identity: identity)
        }
    }

    /// The sentence names the step, the rows by line and id, and the state to go back to.
    @Test func aLossThatIsNoNumberNamesTheRowsAndTheLastGoodState() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        let rows = (1...6).map {
            #"{"id":"q\#($0)","context":"the wing","instruction":"a","output":"flows \#($0)"}"#
        }
        let data = try fixture.write(rows.joined(separator: "\n"), "rows.jsonl")
        var options = try fixture.options(.compress, data: data)
        options.saveSteps = 1
        options.learningRate = 1e30
        #expect {
            try fixture.losses(options)
        } throws: { error in
            guard case TrainingError.notFinite(2, _, _, let checkpoint) = error else {
                return false
            }
            return "\(error)".contains("lines 3, 4; ids q3, q4")
                && checkpoint == options.output + "/training-state.safetensors"
        }
    }

    /// Products are split between threads, never their sums. But a library may add up the last rows of
    /// a part otherwise than those in its middle (OpenBLAS's Haswell kernels do), so that rounding may
    /// differ.
    @Test func theNumberOfThreadsDoesNotMatterHere() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        var options = try fixture.options(.align)
        let two = try fixture.losses(options)
        options.threads = 1
        let one = try fixture.losses(options)
        #expect(one.count == two.count)
        for (a, b) in zip(one, two) { #expect(abs(a - b) <= 1e-5 * abs(b)) }
    }
}
