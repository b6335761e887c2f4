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
    var cuts: CutTexts? { inputs.cuts }
    func line(_ index: Int) -> Int { data.line(index) }

    private func plan(negatives: Int) -> AlignmentPlan {
        AlignmentPlan(negatives: negatives, strategy: strategy, isDivergence: isDivergence)
    }

    /// The number of reference scores that a row needs.
    func scoreCount(_ index: Int) throws(TrainingError) -> Int {
        guard case .pair(_, let positives, let negatives, _, _) = try data.row(index) else {
            return 0
        }
        let chosen = choice.choose(row: index, positives: positives, negatives: negatives)
        return plan(negatives: chosen.negatives.count).scores.count
    }

    func example(_ index: Int) throws(TrainingError) -> AlignLoss.Example {
        guard
            case .pair(let query, let positives, let negatives, let prompt, _) = try data.row(index)
        else { preconditionFailure("the reader gives the stage's rows") }
        let chosen = choice.choose(row: index, positives: positives, negatives: negatives)
        let plan = plan(negatives: chosen.negatives.count)
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
