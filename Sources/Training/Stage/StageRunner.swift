import Tensors

/// The loss of one batch, whose gradients are in the parameters.
struct BatchResult {
    let loss: Float
    let tokens: Int
    /// How often a text of another row was left out of the negatives because it equals a positive
    /// of the row.
    var leftOut = 0
    /// Rows of the batch with a text that is cut to the maximum length.
    var cutRows = 0
    /// The terms of LLM2Vec-Gen's loss, see ``LossTerms``.
    var reconstructionLoss: Double?
    var alignmentLoss: Double?
}

/// A stage ready to run: its rows, and how a batch of them is computed.
struct StageRunner {
    let rows: Int
    /// The line of the data that a row came from.
    let line: (Int) -> Int
    let run: Run
    /// The gain of a batch with the current weights; nil for a stage that has none.
    let gain: Gain?

    /// - Returns: nil if the batch has no two targets to compare.
    typealias Gain = (_ rows: [Int]) throws -> Double?

    /// - Parameters:
    ///   - rows: the batch.
    ///   - dropoutSeed: this step's; nil without dropout.
    ///   - begins: called with the largest part's load before anything is computed.
    typealias Run = (
        _ rows: [Int], _ dropoutSeed: UInt64?, _ begins: (MemoryNeed.Load) throws -> Void
    ) throws -> BatchResult

    init(rows: Int, line: @escaping (Int) -> Int, run: @escaping Run) {
        self.rows = rows
        self.line = line
        self.run = run
        gain = nil
    }

    /// A stage whose loss is a sum over rows.
    ///
    /// - Parameter gain: how its gain is measured; nil for a stage without a decoder.
    init<Source: ExampleSource, Loss: StageLoss>(
        _ source: Source, _ loss: Loss, gain: CompressionGain?, backend: any Backend,
        precision: ComputePrecision, options: TrainingOptions
    ) where Source.Example == Loss.Example {
        rows = source.count
        line = source.line
        self.gain = gain.map { gain in
            { rows in
                var samples: [CompressionGain.Sample] = []
                for row in rows.prefix(CompressionGain.rows(of: rows.count)) {
                    guard let sample = loss.gainSample(try source.example(row)) else { return nil }
                    samples.append(sample)
                }
                return gain.measure(
                    Tape(backend: backend, precision: precision, isRecording: false), samples,
                    maximumTokens: options.microBatchTokens)
            }
        }
        run = { rows, seed, begins in
            let (examples, cut) = try source.examples(rows)
            let parts = MicroBatches.parts(
                examples, rows: options.microBatchSize, tokens: options.microBatchTokens)
            try begins(MicroBatches.largestLoad(parts))
            let targets = examples.reduce(0) { $0 + loss.targetTokens($1) }
            var total = 0.0
            var (reconstruction, alignment): (Double?, Double?) = (nil, nil)
            func add(_ term: Tensor?, _ tape: Tape, to sum: inout Double?) {
                if let term { sum = (sum ?? 0) + Double(tape.values(term)[0]) }
            }
            for (index, part) in parts.enumerated() {
                let tape = Tape(backend: backend, precision: precision)
                let facts = BatchFacts(
                    rows: examples.count, targetTokens: targets,
                    dropoutSeed: seed.map { $0 &* 1024 &+ UInt64(index) })
                let terms = loss.terms(tape, part, batch: facts)
                total += Double(tape.values(terms.total)[0])
                add(terms.reconstruction, tape, to: &reconstruction)
                add(terms.alignment, tape, to: &alignment)
                tape.backward(from: terms.total)
            }
            return BatchResult(
                loss: Float(total), tokens: examples.reduce(0) { $0 + $1.tokens }, cutRows: cut,
                reconstructionLoss: reconstruction, alignmentLoss: alignment)
        }
    }
}
