import Tensors

/// A run's model between two steps, as an evaluation sees it.
///
/// It encodes with the current weights, records nothing for gradients and applies no dropout, so a
/// run has the same losses and weights with and without an evaluation.
public struct ModelInTraining {
    let model: ConditionalModel
    let inputs: TextInputs
    let backend: any Backend
    let precision: ComputePrecision
    let tokensAtOnce: Int

    /// A tokenized text with its instruction. It stays valid while the weights change.
    public struct Input: Sendable {
        let tokens: [Int32]
    }

    /// The number of elements in a vector: H, the model's hidden size, or the width of LLM2Vec-Gen's
    /// projections.
    public var dimensions: Int { model.vectorWidth }

    /// Tokenizes a query with the instruction for queries, I_next. The text is cut to the model's
    /// maximum length.
    public func query(_ text: String) -> Input {
        Input(tokens: inputs.input(text, instruction: inputs.instructions.next))
    }

    /// Tokenizes a document with the instruction for documents, I_self. The text is cut to the
    /// model's maximum length.
    public func document(_ text: String) -> Input {
        Input(tokens: inputs.input(text, instruction: inputs.instructions.own))
    }

    /// Encodes `inputs` in groups, in order, and passes each group's vectors to `each`: `[group,
    /// H]`, row-major, each row of length 1.
    ///
    /// - Throws: what `each` throws.
    public func encode(
        _ inputs: [Input], _ each: (_ vectors: [Float]) throws -> Void
    ) rethrows {
        var start = 0
        while start < inputs.count {
            var end = start + 1
            var tokens = inputs[start].tokens.count
            while end < inputs.count, tokens + inputs[end].tokens.count <= tokensAtOnce {
                tokens += inputs[end].tokens.count
                end += 1
            }
            let tape = Tape(backend: backend, precision: precision, isRecording: false)
            let part = inputs[start..<end].map(\.tokens)
            try each(tape.values(model.vectors(tape, part, dropoutSeed: nil)))
            start = end
        }
    }

    /// The inner products of all `queries` `[Q, H]` with all `documents` `[D, H]`: `[Q, D]`, in
    /// float32.
    public func innerProducts(_ queries: [Float], _ documents: [Float]) -> [Float] {
        let tape = Tape(backend: backend, precision: .float32, isRecording: false)
        return tape.values(
            tape.innerProducts(
                tape.constant(queries, shape: [queries.count / dimensions, dimensions]),
                tape.constant(documents, shape: [documents.count / dimensions, dimensions])))
    }
}

/// Measures a model in the middle of its training.
public protocol ModelEvaluation {
    /// The name of the collection it measures on, for progress and logs.
    var dataset: String { get }

    /// Returns the mean nDCG@10 (0 to 1) of the model with its current weights.
    ///
    /// - Parameter progress: called with the number of documents encoded so far and in total.
    func ndcgAt10(
        of model: ModelInTraining, progress: (_ done: Int, _ total: Int) throws -> Void
    ) throws -> Double
}

/// Prepares an evaluation once the model is loaded: reads and tokenizes its collection.
///
/// `progress` is called with the number of documents read.
public typealias ModelEvaluationMaker = (
    _ model: ModelInTraining, _ progress: (TrainingProgress) throws -> Void
) throws -> any ModelEvaluation
