import Tensors

/// One row, tokenized.
protocol StageExample {
    /// About how many tokens it sends through encoder and decoder; micro-batches are cut by it.
    var tokens: Int { get }
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

/// A loss that is a sum over rows, so that a batch can be computed in parts whose losses and
/// gradients add up to the batch's.
protocol StageLoss {
    associatedtype Example: StageExample
    /// These examples' share of the batch's loss, as a tensor of one value.
    func loss(_ tape: Tape, _ examples: [Example], batch: BatchFacts) -> Tensor
    func targetTokens(_ example: Example) -> Int
    /// The example's text and the target that its compressed tokens predict; nil if the stage has no
    /// decoder, and so no gain.
    func gainSample(_ example: Example) -> CompressionGain.Sample?
}

extension StageLoss {
    func gainSample(_ example: Example) -> CompressionGain.Sample? { nil }
}
