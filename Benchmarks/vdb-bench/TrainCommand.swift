import ArgumentParser
import Foundation
import JSON
import Training

/// `vdb-bench train`: measures tokens/s and peak memory over a few steps of a stage. The rate
/// leaves out the first step, which also compiles kernels and fills caches, and the last: both also
/// measure the gain.
///
/// Benchmarks/train.py runs PyTorch on the same folder and data.
struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train", abstract: "Measure the tokens/s and peak memory of training.")

    @Option(help: ArgumentHelp("The model folder.", valueName: "dir")) var model: String
    @Option(help: ArgumentHelp("Training rows, JSON Lines.", valueName: "file")) var data: String
    @Option(help: "pretrain, compress, align, contrast or respond.") var stage: String
    @Option(help: ArgumentHelp("respond: the teacher's vectors.", valueName: "file.npy"))
    var teacherVectors: String?
    @Option(help: "Steps to measure.") var steps = 5
    @Option(help: "Rows in a step.") var batchSize = 16
    @Option(help: "Precision of matrix products: float32 or bfloat16.") var precision = "float32"
    @Flag(help: "Multiply by frozen weights in eight bits.") var frozenInt8 = false
    @Option(help: "Train an adapter of this rank; default: all weights.") var loraRank: Int?
    @Option(help: "Threads; default: all available cores.") var threads: Int?
    @Flag(help: "Use documents of other rows as negatives too.") var inBatchNegatives = false
    @Flag(help: "Compute layers twice, which saves memory.") var recomputeLayers = false
    @Option(help: "Output format: json.") var format = "json"

    func run() throws {
        guard let stage = TrainingStage(rawValue: stage),
            let precision = ComputePrecision(rawValue: precision)
        else { throw ValidationError("no such stage or precision") }
        guard steps >= 1 else { throw ValidationError("--steps must be 1 or more") }
        let output = FileManager.default.temporaryDirectory
            .appendingPathComponent("vdb-bench-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: output) }
        var options = TrainingOptions(
            stage: stage, model: model, data: data, output: output.path,
            threads: threads ?? ProcessInfo.processInfo.activeProcessorCount)
        options.maximumSteps = steps + 2
        options.batchSize = batchSize
        options.precision = precision
        options.frozenPrecision = frozenInt8 ? .int8 : nil
        options.adapterRank = loraRank
        options.teacherVectors = teacherVectors
        options.usesInBatchNegatives = inBatchNegatives
        options.recomputesLayers = recomputeLayers
        options.learningRate = 1e-4
        options.shuffles = false

        var measured: [(tokens: Int, seconds: Double)] = []
        var (began, ended) = (0.0, 0.0)
        let summary = try Trainer.run(
            options,
            progress: { progress in
                guard case .step(let step) = progress, step.step < step.totalSteps else { return }
                ended = Self.processorSeconds
                guard step.step > 1 else { return began = ended }
                measured.append((step.tokens, Double(step.tokens) / step.tokensPerSecond))
            })
        let tokens = measured.reduce(0) { $0 + $1.tokens }
        let seconds = measured.reduce(0) { $0 + $1.seconds }
        let rates = measured.map { Double($0.tokens) / $0.seconds }.sorted()
        let result: JSONValue = [
            "stage": .string(stage.rawValue), "precision": .string(precision.rawValue),
            "steps": .init(measured.count), "tokens": .init(tokens), "seconds": .number(seconds),
            "processor_seconds": .number(ended - began),
            "tokens_per_second": .number(Double(tokens) / seconds),
            "median_tokens_per_second": .number(rates[rates.count / 2]),
            "best_tokens_per_second": .number(rates[rates.count - 1]),
            "first_loss": .number(Double(summary.firstLoss ?? 0)),
            "peak_buffer_bytes": .init(summary.peakBytes),
            "peak_resident_bytes": .init(Self.peakResidentBytes),
        ]
        print(result.jsonText)
    }

    /// Of all threads, in the program and in the system for it.
    private static var processorSeconds: Double {
        var usage = rusage()
        getrusage(__rusage_who_t(0), &usage)
        return [usage.ru_utime, usage.ru_stime].reduce(0.0) {
            $0 + Double($1.tv_sec) + Double($1.tv_usec) * 1e-6
        }
    }

    private static var peakResidentBytes: Int {
        var usage = rusage()
        getrusage(__rusage_who_t(0), &usage)
        return usage.ru_maxrss * 1024
    }
}
