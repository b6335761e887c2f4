import Tensors

/// Measures a run's model when its options say so.
struct RunEvaluation {
    /// Nil: only before the first step and after the last.
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
            // As the saved model will read texts: the options' length is training's.
            inputs: try model.inputs(options, maximumLength: model.settings.values.maximumLength),
            backend: backend, precision: precision, tokensAtOnce: options.microBatchTokens)
        evaluation = try making(self.model, progress)
    }

    var dataset: String { evaluation.dataset }

    /// Whether the model is measured once `step` steps are taken.
    func isDue(after step: Int, of total: Int) -> Bool {
        step == total || every.map { step % $0 == 0 } ?? (step == 0)
    }

    func measure(_ progress: (TrainingProgress) throws -> Void) throws -> Double {
        try evaluation.ndcgAt10(of: model) { done, total in
            try progress(.evaluating(dataset: dataset, done: done, total: total))
        }
    }
}
