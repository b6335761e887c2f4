/// Rows for compression, tokenised as they are asked for.
///
/// Beside {context, instruction, output}: of a text alone the model must write the text again under
/// I_self, of a pair the positive under I_next.
struct CompressSource: ExampleSource {
    let data: TrainingData
    let inputs: TextInputs
    let choice: PairChoice

    var count: Int { data.count }
    func line(_ index: Int) -> Int { data.line(index) }

    func example(_ index: Int) throws(TrainingError) -> CompressLoss.Example {
        let (context, instruction, output) =
            switch try data.row(index) {
            case .instruction(let context, let instruction, let output):
                (context, instruction, output)
            case .text(let text): (text, inputs.instructions.own, text)
            case .pair(let query, let positives, _, let prompt):
                (
                    query, prompt ?? inputs.instructions.next,
                    choice.choose(row: index, positives: positives, negatives: []).positive
                )
            }
        return CompressLoss.Example(
            input: inputs.input(context, instruction: instruction), target: inputs.target(output))
    }
}

/// Which positive and which negatives of a row a run uses: the first without shuffling, else drawn
/// by the seed and the row's number, the same in every epoch.
struct PairChoice {
    let negatives: Int
    let seed: UInt64
    let shuffles: Bool

    func choose(
        row: Int, positives: [String], negatives all: [String]
    ) -> (positive: String, negatives: [String]) {
        guard shuffles else { return (positives[0], Array(all.prefix(negatives))) }
        var generator = SeededGenerator(seed: seed, purpose: 2, UInt64(row))
        let positive = positives[generator.below(positives.count)]
        let count = min(negatives, all.count)
        return (positive, generator.choice(count, of: all.count).map { all[$0] })
    }
}

/// Rows of {query, pos, neg} for alignment, with their reference scores.
struct AlignSource: ExampleSource {
    let data: TrainingData
    let inputs: TextInputs
    let choice: PairChoice
    let strategy: Int
    let isDivergence: Bool
    /// By row; empty while they are being computed.
    var references: [Int: [Double]] = [:]

    var count: Int { data.count }
    func line(_ index: Int) -> Int { data.line(index) }

    func example(_ index: Int) throws(TrainingError) -> AlignLoss.Example {
        guard case .pair(let query, let positives, let negatives, let prompt) = try data.row(index)
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

/// Rows of {query, pos, neg} for the contrastive stage.
struct ContrastSource: ExampleSource {
    let data: TrainingData
    let inputs: TextInputs
    let choice: PairChoice

    var count: Int { data.count }
    func line(_ index: Int) -> Int { data.line(index) }

    func example(_ index: Int) throws(TrainingError) -> ContrastLoss.Example {
        guard case .pair(let query, let positives, let negatives, let prompt) = try data.row(index)
        else { preconditionFailure("the reader gives the stage's rows") }
        let chosen = choice.choose(row: index, positives: positives, negatives: negatives)
        return ContrastLoss.Example(
            query: inputs.input(query, instruction: prompt ?? inputs.instructions.next),
            documents: ([chosen.positive] + chosen.negatives).map {
                inputs.input($0, instruction: inputs.instructions.own)
            })
    }
}
