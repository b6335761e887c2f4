import Tensors

extension StageRunner {
    /// The contrastive stage, whose loss compares the rows of a batch.
    init<Source: ExampleSource>(
        _ source: Source, _ loss: ContrastLoss, backend: any Backend, precision: ComputePrecision,
        options: TrainingOptions
    ) where Source.Example == ContrastLoss.Example {
        self.init(rows: source.count, line: source.line) { rows, seed, begins in
            let (examples, cut) = try source.examples(rows)
            let parts = MicroBatches.parts(
                examples, rows: options.microBatchSize, tokens: options.microBatchTokens)
            try begins(MicroBatches.largestLoad(parts))
            let value = loss.run(
                backend: backend, precision: precision, parts: parts, dropoutSeed: seed)
            return BatchResult(
                loss: value, tokens: examples.reduce(0) { $0 + $1.tokens },
                leftOut: loss.candidates(examples).leftOut, cutRows: cut)
        }
    }
}
