import AutoRegEmbed
import Foundation
import Tensors
import Testing
import TrainingTestSupport

@testable import Training

/// The stage respond against PyTorch (Fixtures/make_respond.py), and what follows from the method.
struct RespondTests {
    private struct Case: Decodable {
        struct Step: Decodable {
            let loss: Double
            let reconstruction: Double
            let alignment: Double
            let norm: Double
        }
        let log: [Step]
        /// Of each trained parameter the sum over i of w_i cos(i).
        let weights: [String: Double]
    }

    private static func cases() throws -> [String: Case] {
        let data = try Data(contentsOf: URL(filePath: TrainingFixture.path("respond.json")))
        return try JSONDecoder().decode([String: Case].self, from: data)
    }

    private func options(_ name: String, _ fixture: TrainingFixture) throws -> TrainingOptions {
        var options = try fixture.respondOptions()
        switch name {
        case "weights": (options.reconstructionWeight, options.alignmentWeight) = (2, 0.25)
        case "alignment": options.reconstructionWeight = 0
        case "reconstruction": (options.alignmentWeight, options.teacherVectors) = (0, nil)
        case "model":
            options.teacher = try TrainingFixture.path("tiny")
            options.teacherVectors = nil
            let file = options.model + "/projections.safetensors"
            try FileManager.default.removeItem(atPath: file)
            try FileManager.default.copyItem(
                atPath: TrainingFixture.path("gen/wide.safetensors"), toPath: file)
        default: break
        }
        return options
    }

    private func steps(_ options: TrainingOptions) throws -> [TrainingStep] {
        var steps: [TrainingStep] = []
        _ = try Trainer.run(
            options, overwriting: true,
            progress: { if case .step(let step) = $0 { steps.append(step) } })
        return steps
    }

    private func signature(_ folder: String, _ file: String, _ tensor: String) throws -> Double {
        try SafetensorsFile(path: folder + "/" + file).tensor(named: tensor).floats().enumerated()
            .reduce(0) { $0 + Double($1.element) * cos(Double($1.offset)) }
    }

    @Test(
        arguments: ["both", "weights", "alignment", "reconstruction", "model"], [nil, 1] as [Int?])
    func equalsPyTorch(name: String, rows: Int?) throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        let expected = try #require(try Self.cases()[name])
        var options = try options(name, fixture)
        options.microBatchSize = rows
        let steps = try steps(options)
        #expect(steps.count == expected.log.count)
        for (got, want) in zip(steps, expected.log) {
            #expect(abs(Double(got.loss) - want.loss) < 1e-5 * want.loss)
            #expect(abs(got.gradientNorm - want.norm) < 1e-4 * want.norm)
            #expect((got.reconstructionLoss == nil) == (name == "alignment"))
            #expect((got.alignmentLoss == nil) == (name == "reconstruction"))
            for (term, want) in [
                (got.reconstructionLoss, want.reconstruction), (got.alignmentLoss, want.alignment),
            ] {
                if let term { #expect(abs(term - want) < 1e-5 * want) }
            }
        }
        for (parameter, want) in expected.weights {
            let got =
                parameter == "rows"
                ? try signature(
                    options.output, "adapter_model.safetensors",
                    "base_model.model.embed_tokens.trainable_tokens_delta")
                : try signature(options.output, "projections.safetensors", parameter)
            // Every weight moves by about 4e-3 in these steps.
            #expect(abs(got - want) < 3e-4, "\(parameter): \(got), PyTorch \(want)")
        }
        // A run's own files are gone.
        let left = try FileManager.default.contentsOfDirectory(atPath: options.output)
        #expect(!left.contains { $0.hasPrefix("teacher") || $0.hasPrefix("training-state") })
    }

    /// The derivative of each parameter's values along its own gradient is its squared norm.
    @Test(arguments: [nil, 3] as [Int?])
    func gradientsAreThoseOfFiniteDifferences(rank: Int?) throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        var options = try fixture.respondOptions()
        options.adapterRank = rank
        let backend = CPUBackend(threads: 1)
        let (model, examples, facts) = try prepare(options, backend)
        #expect(model.conditional.encoder.trainsRowsAlone == (rank == nil))
        let loss = RespondLoss(
            model: model.conditional, reconstructionWeight: 1, alignmentWeight: 1)
        func value() -> Double {
            let tape = Tape(backend: backend, isRecording: false)
            return Double(tape.values(loss.loss(tape, examples, batch: facts))[0])
        }
        let tape = Tape(backend: backend)
        tape.backward(from: loss.loss(tape, examples, batch: facts))
        let gradients = model.trained.map { $0.slot?.take()?.array ?? [] }
        for (parameter, gradient) in zip(model.trained, gradients) {
            let squared = gradient.reduce(0.0) { $0 + Double($1) * Double($1) }
            // The matrices B of a new adapter are zero, and so are the gradients of A.
            if rank != nil, parameter.name.contains("lora_A") { continue }
            #expect(squared > 0, "\(parameter.name)")
            let step = 1e-2 / squared.squareRoot()
            func move(by step: Double) {
                let weights = parameter.value.floats(backend)
                for (index, g) in gradient.enumerated() { weights.floats[index] += Float(step) * g }
                parameter.value.floatsChanged()
            }
            move(by: step)
            let above = value()
            move(by: -2 * step)
            let below = value()
            move(by: step)
            let quotient = (above - below) / (2 * step)
            #expect(
                abs(quotient - squared) < 1e-2 * squared,
                "\(parameter.name): \(quotient), gradient \(squared)")
        }
    }

    private func prepare(
        _ options: TrainingOptions, _ backend: CPUBackend
    ) throws -> (TrainableModel, [RespondLoss.Example], BatchFacts) {
        let teacher = try Teacher(options) { try AutoRegEmbedder(folder: URL(filePath: $0)) }
        let model = try TrainableModel(options, teacher: teacher, backend: backend)
        let data = try TrainingData(path: options.data, stage: .respond, needsNegative: false)
        let source = RespondSource(
            data: data, inputs: try model.inputs(options), readsAnswers: true,
            compressedTokens: model.conditional.compressedTokens,
            hasConstantWords: model.conditional.encoder.trainsRowsAlone,
            teacher: try teacher.map {
                try TeacherVectors(
                    $0, data, options, fingerprint: "", isCancelled: { false }, progress: { _ in })
            })
        let examples = try (0..<data.count).map { try source.example($0) }
        let facts = BatchFacts(
            rows: examples.count, targetTokens: examples.reduce(0) { $0 + $1.target.count },
            dropoutSeed: nil)
        return (model, examples, facts)
    }

    /// What each further row takes is estimated not too low, and not far too high.
    @Test func memoryIsEstimated() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        func measure(copies: Int) throws -> (peak: Int, estimate: Int) {
            let backend = CPUBackend(threads: 1)
            let (model, all, facts) = try prepare(try fixture.respondOptions(), backend)
            let examples = (0..<copies).flatMap { _ in all }
            let need = MemoryNeed(
                configuration: model.configuration, recomputesLayers: false, bytesPerValue: 4)
            let tape = Tape(backend: backend)
            let loss = RespondLoss(
                model: model.conditional, reconstructionWeight: 1, alignmentWeight: 1)
            tape.backward(from: loss.loss(tape, examples, batch: facts))
            return (backend.peakBytes, need.bytes(MicroBatches.largestLoad([examples])))
        }
        let (few, many) = (try measure(copies: 4), try measure(copies: 32))
        let ratio = Double(many.estimate - few.estimate) / Double(many.peak - few.peak)
        #expect(1 <= ratio && ratio < 1.5, "\(ratio)")
    }

    /// Words never see the compressed tokens: with their keys and values as constants, states and
    /// gradients are those of a pass that records every word.
    @Test func theWordsAreConstants() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        let backend = CPUBackend(threads: 2)
        let (model, examples, _) = try prepare(fixture.respondOptions(), backend)
        let encoder = model.conditional.encoder
        let rows = try #require(encoder.trainedRows?.rows)
        // One text without a word, as of a tokenizer without BOS.
        let inputs = examples.map(\.input) + [Array(examples[0].input.suffix(2))]
        let layout = SequenceLayout(lengths: inputs.map(\.count))
        func run(_ states: (Tape) -> Tensor) -> (states: [Float], gradient: [Float]) {
            let tape = Tape(backend: backend)
            let y = states(tape)
            let values = tape.values(y)
            let seed = values.indices.map { cos(Float($0)) }
            tape.backward(from: y, seed: backend.buffer(seed))
            return (values, rows.slot?.take()?.array ?? [])
        }
        let all = run { tape in
            encoder.states(
                tape, inputs: encoder.embed(tape, inputs.flatMap { $0 }), layout: layout,
                rows: inputs.indices.flatMap { layout.range($0).suffix(2).map(Int32.init) })
        }
        let own = run { tape in
            encoder.states(
                tape,
                of: tape.gather(rows.tensor, rows: inputs.flatMap { _ in [0, 1] as [Int32] }),
                after: inputs.map { Array($0.dropLast(2)) })
        }
        for (got, want) in [(own.states, all.states), (own.gradient, all.gradient)] {
            #expect(got.count == want.count && !got.isEmpty)
            let scale = want.map(abs).max() ?? 0
            #expect(zip(got, want).allSatisfy { abs($0 - $1) < 1e-5 * scale })
        }
    }

    /// Step 1's losses are those of the folder as the embedder reads it.
    @Test func aContinuedRunBeginsWithTheFolder() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        let first = try fixture.respondOptions(output: "first")
        _ = try steps(first)
        var options = first
        (options.model, options.output) = (first.output, fixture.output("second"))
        options.batchSize = 8
        let step = try #require(try steps(options).first)

        let embedder = try AutoRegEmbedder(folder: URL(filePath: first.output))
        #expect(embedder.dimensions == 6)
        let lines = try String(contentsOfFile: options.data, encoding: .utf8)
            .split(separator: "\n")
        var (sum, tokens) = (0.0, 0)
        for line in lines {
            let row = try #require(
                try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String])
            let score = try embedder.score(
                query: try #require(row["query"]), documents: [try #require(row["answer"])],
                instruction: row["prompt"].map { .custom($0) } ?? .none)[0]
            sum -= score.logProbability
            tokens += score.tokenCount
        }
        let got = try #require(step.reconstructionLoss)
        #expect(abs(got - sum / Double(tokens)) < 1e-5 * got)
    }

    /// With an alignment of zeros its loss is the mean square of the teacher's numbers.
    @Test func zerosAreAsFarAsTheTeacherIsLong() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        var options = try fixture.respondOptions()
        let file = options.model + "/projections.safetensors"
        let names = ["alignment.bias", "alignment.weight"]
        let old = try SafetensorsFile(path: file)
        let kept = try old.names.map { try old.tensor(named: $0) }.map { ($0, $0.floats()) }
        try SafetensorsWriter.write(
            to: file,
            tensors: kept.map { .init(name: $0.0.name, shape: $0.0.shape, elementType: .float32) }
        ) { declaration, write in
            let values = kept.first { $0.0.name == declaration.name }?.1 ?? []
            try values.map { names.contains(declaration.name) ? 0 : $0 }
                .withUnsafeBytes { try write($0) }
        }
        options.batchSize = 8
        let loss = try #require(try steps(options).first?.alignmentLoss)
        let data = try Data(contentsOf: URL(filePath: TrainingFixture.path("teacher.npy")))
        let numbers = data.suffix(8 * 6 * 4).withUnsafeBytes { bytes in
            (0..<48).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
        }
        let want = numbers.reduce(0.0) { $0 + Double($1) * Double($1) } / 48
        #expect(abs(loss - want) < 1e-5 * want)
    }

    /// From a plain language model: its weights stay, new tokens start as the mean of the rows before
    /// them, and projections as the seed says.
    @Test(arguments: [nil, 2] as [Int?])
    func aPlainModelGetsTokensAndProjections(rank: Int?) throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        let plain = try TrainingFixture.path("bare")
        var options = try fixture.respondOptions()
        options.model = plain
        options.compressedTokens = 3
        options.learningRate = 0
        options.maximumSteps = 1
        options.adapterRank = rank
        _ = try steps(options)
        let before = try SafetensorsFile(path: plain + "/model.safetensors")
        let after = try SafetensorsFile(path: options.output + "/model.safetensors")
        #expect(Set(before.names) == Set(after.names))
        for name in before.names {
            let own = try before.tensor(named: name).floats()
            let kept = try after.tensor(named: name).floats()
            #expect(kept.count >= own.count && Array(kept.prefix(own.count)) == own, "\(name)")
        }
        let table = try before.tensor(named: "model.embed_tokens.weight")
        let mean = (0..<16).map { column in
            let values = table.floats()
            return (0..<table.shape[0]).reduce(0.0) { $0 + Double(values[$1 * 16 + column]) }
                / Double(table.shape[0])
        }
        let rows = try SafetensorsFile(path: options.output + "/adapter_model.safetensors")
        let name = try #require(
            rows.names.first { $0.hasSuffix("trainable_tokens_delta") })
        for (place, value) in try rows.tensor(named: name).floats().enumerated() {
            #expect(abs(Double(value) - mean[place % 16]) < 1e-6)
        }
        let projections = try SafetensorsFile(path: options.output + "/projections.safetensors")
        for name in projections.names {
            let values = try projections.tensor(named: name).floats()
            #expect(values.allSatisfy { abs($0) <= 0.25 } && Set(values).count > values.count / 2)
        }
        let settings = try #require(
            try JSONSerialization.jsonObject(
                with: Data(contentsOf: URL(filePath: options.output + "/autoregembed.json")))
                as? [String: Any])
        #expect(settings["method"] as? String == "llm2vec-gen")
        #expect(settings["compressed_tokens"] as? Int == 3)
        #expect(settings["decoder_vocabulary"] as? Int == table.shape[0])
        #expect(settings["template"] as? String == "{bos}{instruction+text}{compressed_tokens}")
        #expect(settings["decoder"] is NSNull)
        #expect((settings["instructions"] as? [String: Any])?.count == 2)
        // What it writes opens, and another seed gives other projections.
        _ = try AutoRegEmbedder(folder: URL(filePath: options.output))
            .decode("a wing", instruction: .next, maximumTokens: 3)
        let first = try Data(
            contentsOf: URL(filePath: options.output + "/projections.safetensors"))
        options.seed = 1
        options.output = fixture.output("other")
        _ = try steps(options)
        let other = try Data(
            contentsOf: URL(filePath: options.output + "/projections.safetensors"))
        #expect(first != other)
    }

    /// An adapter that the model has stays as it is, and is written beside the rows.
    @Test func anAdapterIsKept() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        var options = try fixture.respondOptions(output: "adapted")
        options.adapterRank = 2
        _ = try steps(options)
        let adapted = options.output
        options.adapterRank = nil
        (options.model, options.output) = (adapted, fixture.output("kept"))
        _ = try steps(options)
        let (old, new) = (
            try SafetensorsFile(path: adapted + "/adapter_model.safetensors"),
            try SafetensorsFile(path: options.output + "/adapter_model.safetensors")
        )
        #expect(Set(old.names) == Set(new.names) && old.names.count == 29)
        for name in old.names {
            let isSame =
                try old.tensor(named: name).floats() == new.tensor(named: name).floats()
            #expect(isSame == name.contains("lora_"), "\(name)")
        }
        _ = try AutoRegEmbedder(folder: URL(filePath: options.output))
    }

    /// Merged, the rows are in the matrix and the decoder is the folder that the run started from.
    @Test func mergedRowsAreInTheMatrix() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        var options = try fixture.respondOptions(output: "beside")
        _ = try steps(options)
        let beside = try AutoRegEmbedder(folder: URL(filePath: options.output))
        options.merges = true
        options.output = fixture.output("merged")
        _ = try steps(options)
        #expect(
            !FileManager.default.fileExists(atPath: options.output + "/adapter_config.json"))
        let merged = try AutoRegEmbedder(folder: URL(filePath: options.output))
        let (a, b) = (
            try beside.encode(["a wing"], instruction: .next)[0].vector,
            try merged.encode(["a wing"], instruction: .next)[0].vector
        )
        #expect(zip(a, b).allSatisfy { abs($0 - $1) < 1e-6 })
        let scores = try [beside, merged].map {
            try $0.score(query: "a wing", documents: ["the plane"])[0].logProbability
        }
        #expect(abs(scores[0] - scores[1]) < 1e-4)
    }

    @Test func aResumedRunEndsWithTheSameBytesAndNeedsTheSameTeacher() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        var options = try options("model", fixture)
        options.output = fixture.output("whole")
        options.shuffles = true
        options.maximumSteps = 7
        options.schedule = .linear
        options.scheduleSteps = 20
        let whole = try fixture.losses(options)
        options.output = fixture.output("parts")
        #expect(throws: TrainingError.self) { try fixture.losses(options, stoppingAfter: 3) }
        let vectors = options.output + "/teacher-vectors.safetensors"
        #expect(FileManager.default.fileExists(atPath: vectors))
        var other = options
        other.teacher = fixture.output("teacher")
        try FileManager.default.copyItem(
            atPath: TrainingFixture.path("tiny"), toPath: fixture.output("teacher"))
        _ = try fixture.write(
            "{\"compressed_tokens\":2,\"max_length\":63}", "teacher/autoregembed.json")
        #expect {
            try fixture.losses(other, resuming: true)
        } throws: { error in
            guard case TrainingError.resumedDifferently(.teacher, _, _) = error else {
                return false
            }
            return true
        }
        let rest = try fixture.losses(options, resuming: true)
        #expect(rest == Array(whole[3...]))
        for name in ["projections.safetensors", "adapter_model.safetensors", "model.safetensors"] {
            #expect(
                try Data(contentsOf: URL(filePath: fixture.output("whole/" + name)))
                    == Data(contentsOf: URL(filePath: fixture.output("parts/" + name))), "\(name)")
        }
        #expect(!FileManager.default.fileExists(atPath: vectors))
    }

    @Test func refusesWhatDoesNotFit() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        let good = try fixture.respondOptions()
        func problem(_ change: (inout TrainingOptions) throws -> Void) throws -> String {
            var options = good
            try change(&options)
            do {
                _ = try steps(options)
                return "nothing"
            } catch { return "\(error)" }
        }
        #expect(try problem { $0.teacherVectors = nil }.hasPrefix("teacher or teacher_vectors"))
        #expect(
            try problem { $0.teacher = $0.model }.hasPrefix("teacher_vectors cannot be combined"))
        #expect(
            try problem { ($0.reconstructionWeight, $0.alignmentWeight) = (0, 0) }
                .contains("no loss"))
        #expect(try problem { $0.compressedTokens = 3 }.hasPrefix("compressed_tokens must be"))
        #expect(
            try problem { $0.data = try fixture.write("{\"query\":\"a\"}\n", "half.jsonl") }
                .hasSuffix("half.jsonl:1: the key \"answer\" is missing"))
        #expect(
            try problem {
                $0.data = try fixture.write("{\"query\":\"a\",\"answer\":\"b\"}\n", "one.jsonl")
            }.hasSuffix("has 8 vectors, but the data have 1 rows"))
        #expect(
            try problem {
                $0.teacherVectors = nil
                $0.teacher = try TrainingFixture.path("tiny")
            }.hasSuffix("has vectors of 16 numbers, but the model's projections make 6"))
        #expect(
            try problem { $0.teacherVectors = $0.data }.hasSuffix("is not an .npy file"))
        for stage in [TrainingStage.compress, .align, .contrast] {
            var options = try fixture.options(stage, model: good.model)
            #expect {
                try steps(options)
            } throws: { error in
                guard case TrainingError.badModel(_, .llm2VecGen(stage)) = error else {
                    return false
                }
                return true
            }
            options.alignmentWeight = 2
            #expect {
                try steps(options)
            } throws: { "\($0)" == "alignment_weight needs the stage respond" }
        }
    }
}
