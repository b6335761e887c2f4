import Tensors

/// Evaluates a run's model at the steps that its options set.
struct RunEvaluation {
    /// Evaluate every so many steps; nil: only before the first and after the last.
    private let every: Int?
    private let model: ModelInTraining
    private let evaluation: any ModelEvaluation

    init(
        options: TrainingOptions, model: TrainableModel, backend: any Backend,
        precision: ComputePrecision, making: @escaping ModelEvaluationMaker,
        progress: (TrainingProgress) throws -> Void
    ) throws {
        every = options.evaluationSteps
        self.model = ModelInTraining(
            model: model.conditional,
            // Texts are cut as the saved model cuts them; the options' length is for training only.
            inputs: try model.inputs(options, maximumLength: model.settings.values.maximumLength),
            backend: backend, precision: precision, tokensAtOnce: options.microBatchTokens)
        evaluation = try making(self.model, progress)
    }

    var dataset: String { evaluation.dataset }

    /// Whether the model is evaluated after `step` steps.
    func isDue(after step: Int, of total: Int) -> Bool {
        step == total || every.map { step % $0 == 0 } ?? (step == 0)
    }

    func measure(_ progress: (TrainingProgress) throws -> Void) throws -> Double {
        try evaluation.ndcgAt10(of: model) { done, total in
            try progress(.evaluating(dataset: dataset, done: done, total: total))
        }
    }
}
