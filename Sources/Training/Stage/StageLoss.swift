import Tensors

/// One row, tokenized.
protocol StageExample {
    /// About how many tokens it sends through encoder and decoder; micro-batches are cut by it.
    var tokens: Int { get }
    /// What they keep in memory.
    var load: MemoryNeed.Load { get }
}

extension StageExample {
    var load: MemoryNeed.Load { MemoryNeed.Load(tokens: tokens, recorded: tokens) }
}

/// What a micro-batch needs to know about its batch.
struct BatchFacts {
    /// Rows of the whole batch.
    let rows: Int
    /// Tokens to predict in the whole batch, if the loss is a mean over them.
    let targetTokens: Int
    /// Nil: no dropout.
    let dropoutSeed: UInt64?
}

/// A loss as a tensor of one value, and the terms of a weighted sum that the log records beside it.
struct LossTerms {
    let total: Tensor
    /// LLM2Vec-Gen's two, without their weights; nil for other losses, and for a term that is left out.
    let reconstruction: Tensor?
    let alignment: Tensor?

    init(_ total: Tensor) { (self.total, reconstruction, alignment) = (total, nil, nil) }

    /// A weighted sum of one or both terms.
    init(
        _ tape: Tape, reconstruction: Tensor?, times reconstructionWeight: Float,
        alignment: Tensor?, times alignmentWeight: Float
    ) {
        (self.reconstruction, self.alignment) = (reconstruction, alignment)
        switch (reconstruction, alignment) {
        case (let reconstruction?, let alignment?):
            total = tape.add(
                tape.scaled(reconstruction, by: reconstructionWeight), alignment,
                times: alignmentWeight)
        case (let reconstruction?, nil):
            total = tape.scaled(reconstruction, by: reconstructionWeight)
        case (nil, let alignment?): total = tape.scaled(alignment, by: alignmentWeight)
        case (nil, nil): preconditionFailure("a loss has a term")
        }
    }
}

/// A loss that is a sum over rows, so that a batch can be computed in parts whose losses and
/// gradients add up to the batch's.
protocol StageLoss {
    associatedtype Example: StageExample
    /// These examples' share of the batch's loss, as a tensor of one value.
    func loss(_ tape: Tape, _ examples: [Example], batch: BatchFacts) -> Tensor
    /// The same with the terms that the log records.
    func terms(_ tape: Tape, _ examples: [Example], batch: BatchFacts) -> LossTerms
    func targetTokens(_ example: Example) -> Int
    /// The example's text and the target that its compressed tokens predict; nil if the stage has no
    /// decoder, and so no gain.
    func gainSample(_ example: Example) -> CompressionGain.Sample?
}

extension StageLoss {
    func terms(_ tape: Tape, _ examples: [Example], batch: BatchFacts) -> LossTerms {
        LossTerms(loss(tape, examples, batch: batch))
    }

    func gainSample(_ example: Example) -> CompressionGain.Sample? { nil }
}
