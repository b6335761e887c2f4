import Tensors

/// One row, tokenized.
protocol StageExample {
    /// Rows that it takes through encoder and decoder, about: what micro-batches are cut by.
    var tokens: Int { get }
}

/// What a micro-batch must know of the batch that it is part of.
struct BatchFacts {
    /// Rows of the whole batch.
    let rows: Int
    /// Words to predict in the whole batch, if the loss is a mean over them.
    let targetTokens: Int
    /// Nil: no dropout.
    let dropoutSeed: UInt64?
}

/// A loss that is a sum over rows, so that a batch can be computed in parts: the parts' losses, and
/// their gradients, add up to the batch's.
protocol StageLoss {
    associatedtype Example: StageExample
    /// The part of the batch's loss that these examples are, as a tensor of one value.
    func loss(_ tape: Tape, _ examples: [Example], batch: BatchFacts) -> Tensor
    func targetTokens(_ example: Example) -> Int
}
