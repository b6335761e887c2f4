import Tensors

/// The model of a run between two steps, as an evaluation sees it.
///
/// It encodes with the weights as they are, without a record and without dropout: a run has the same
/// losses and weights with and without an evaluation.
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

    /// The number of a vector's elements, H.
    public var dimensions: Int { model.encoder.configuration.hiddenSize }

    public func query(_ text: String) -> Input {
        Input(tokens: inputs.input(text, instruction: inputs.instructions.next))
    }

    public func document(_ text: String) -> Input {
        Input(tokens: inputs.input(text, instruction: inputs.instructions.own))
    }

    /// Hands on the vectors of `inputs` in their order, some at a time: `[count, H]`, normalized.
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
    /// What it measures on, for progress.
    var dataset: String { get }

    /// nDCG@10 of the model as it is now.
    ///
    /// - Parameter progress: told of documents encoded.
    func ndcgAt10(
        of model: ModelInTraining, progress: (_ done: Int, _ total: Int) throws -> Void
    ) throws -> Double
}

/// Makes an evaluation ready once the model is loaded: reads and tokenizes what it measures on.
///
/// `progress` is told of documents read.
public typealias ModelEvaluationMaker = (
    _ model: ModelInTraining, _ progress: (TrainingProgress) throws -> Void
) throws -> any ModelEvaluation
