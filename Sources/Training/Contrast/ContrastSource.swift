/// Rows of {query, pos, neg} for the contrastive stage.
struct ContrastSource: ExampleSource {
    let data: TrainingData
    let inputs: TextInputs
    let choice: PairChoice

    var count: Int { data.count }
    var cuts: CutTexts? { inputs.cuts }
    func line(_ index: Int) -> Int { data.line(index) }

    func example(_ index: Int) throws(TrainingError) -> ContrastLoss.Example {
        guard
            case .pair(let query, let positives, let negatives, let prompt, _) = try data.row(index)
        else { preconditionFailure("the reader gives the stage's rows") }
        let chosen = choice.choose(row: index, positives: positives, negatives: negatives)
        let documents = [chosen.positive] + chosen.negatives
        return ContrastLoss.Example(
            query: inputs.input(query, instruction: prompt ?? inputs.instructions.next),
            documents: documents.map { inputs.input($0, instruction: inputs.instructions.own) },
            texts: documents.map(TextBytes.init), positives: Set(positives.map(TextBytes.init)))
    }
}
