/// Rows of {query, pos, neg} for alignment, with their reference scores.
struct AlignSource: ExampleSource {
    let data: TrainingData
    let inputs: TextInputs
    let choice: PairChoice
    let strategy: AlignmentStrategy
    let isDivergence: Bool
    /// Reference scores by row; empty while they are being computed.
    var references: [Int: [Double]] = [:]

    var count: Int { data.count }
    func line(_ index: Int) -> Int { data.line(index) }

    func example(_ index: Int) throws(TrainingError) -> AlignLoss.Example {
        guard
            case .pair(let query, let positives, let negatives, let prompt, _) = try data.row(index)
        else { preconditionFailure("the reader gives the stage's rows") }
        let chosen = choice.choose(row: index, positives: positives, negatives: negatives)
        let plan = AlignmentPlan(
            negatives: chosen.negatives.count, strategy: strategy, isDivergence: isDivergence)
        func text(_ text: AlignmentPlan.Text) -> String {
            switch text {
            case .query: query
            case .positive: chosen.positive
            case .negative(let index): chosen.negatives[index]
            }
        }
        func instruction(_ instruction: AlignmentPlan.Instruction) -> String {
            switch instruction {
            case .next: prompt ?? inputs.instructions.next
            case .own: inputs.instructions.own
            case .previous: inputs.instructions.previous
            }
        }
        return AlignLoss.Example(
            plan: plan,
            inputs: plan.encodings.map {
                inputs.input(text($0.text), instruction: instruction($0.instruction))
            },
            targets: plan.scores.map { inputs.target(text($0.target)) },
            references: references[index] ?? [])
    }
}
