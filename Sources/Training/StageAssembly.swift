import FileFormat
import Tensors

/// Combines a stage's data, model and loss.
struct StageAssembly {
    let options: TrainingOptions
    let model: TrainableModel
    let data: TrainingData
    let identity: RunIdentity
    /// Respond's; nil in other stages and without an alignment loss.
    let teacher: TeacherVectors?
    let backend: any Backend
    let precision: ComputePrecision

    func runner(_ progress: (TrainingProgress) throws -> Void) throws -> StageRunner {
        let inputs = try model.inputs(options)
        let choice = PairChoice(
            negatives: options.negatives, seed: options.seed, shuffles: options.shuffles)
        switch options.stage {
        case .pretrain:
            let tokens = try TokenFile(
                folder: options.output, key: tokenKey, rows: data.count, threads: options.threads
            ) { done in
                try progress(.preparing(.tokenizing, done: done, total: data.count))
            } tokens: { [data] row throws(TrainingError) in
                guard case .text(let text) = try data.row(row) else {
                    preconditionFailure("the reader gives the stage's rows")
                }
                return inputs.document(text)
            }
            return runner(
                try PretrainSource(
                    data: data, tokens: tokens, maximumLength: inputs.maximumLength),
                PretrainLoss(model: model.conditional.encoder))
        case .compress:
            return runner(
                CompressSource(data: data, inputs: inputs, choice: choice),
                CompressLoss(model: model.conditional))
        case .align:
            let loss = AlignLoss(
                model: model.conditional, similarity: options.similarity,
                strategy: options.strategy, beta: Float(options.beta),
                temperature: Float(options.temperature ?? 0.05),
                reversesReferenceSign: options.reversesReferenceSign)
            var source = AlignSource(
                data: data, inputs: inputs, choice: choice, strategy: options.strategy,
                isDivergence: options.similarity.isDivergence)
            if !options.similarity.isDivergence {
                source.references = try ReferenceScores(
                    options: options, fingerprints: [identity.data, identity.model],
                    decoderInput: model.conditional.decoderInput, backend: backend,
                    precision: precision
                ).scores(source, loss, progress)
            }
            return runner(source, loss)
        case .respond:
            return runner(
                RespondSource(
                    data: data, inputs: inputs, readsAnswers: options.reconstructs,
                    compressedTokens: model.conditional.compressedTokens,
                    hasConstantWords: model.conditional.encoder.trainsRowsAlone, teacher: teacher),
                RespondLoss(
                    model: model.conditional,
                    reconstructionWeight: Float(options.reconstructionWeight ?? 1),
                    alignmentWeight: Float(options.alignmentWeight ?? 1)))
        case .contrast:
            let loss = ContrastLoss(
                model: model.conditional, temperature: Float(options.temperature ?? 0.02),
                usesInBatchNegatives: options.usesInBatchNegatives)
            return StageRunner(
                ContrastSource(data: data, inputs: inputs, choice: choice), loss,
                backend: backend, precision: precision, options: options)
        }
    }

    /// Hash of everything that determines the tokens of the data's texts.
    private var tokenKey: String {
        let hasher = ContentHasher()
        hasher.update(data.fingerprint)
        for (name, content) in model.tokenizer.files.sorted(by: { $0.key < $1.key }) {
            hasher.update(name)
            content.withUnsafeBytes { hasher.update($0) }
        }
        return hasher.finalize().hexadecimal
    }

    private func runner<Source: ExampleSource, Loss: StageLoss>(
        _ source: Source, _ loss: Loss
    ) -> StageRunner where Source.Example == Loss.Example {
        let gain = model.conditional.decoder.map { _ in CompressionGain(model: model.conditional) }
        return StageRunner(
            source, loss, gain: gain, backend: backend, precision: precision, options: options)
    }
}
