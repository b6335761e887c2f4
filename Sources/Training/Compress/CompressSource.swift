/// Rows for compression, tokenized on demand.
///
/// In addition to {context, instruction, output}: from a text alone the model learns to write the
/// text itself under I_self, from a pair the positive under I_next.
struct CompressSource: ExampleSource {
    let data: TrainingData
    let inputs: TextInputs
    let choice: PairChoice

    var count: Int { data.count }
    var cuts: CutTexts? { inputs.cuts }
    func line(_ index: Int) -> Int { data.line(index) }

    func example(_ index: Int) throws(TrainingError) -> CompressLoss.Example {
        let (context, instruction, output) =
            switch try data.row(index) {
            case .instruction(let context, let instruction, let output):
                (context, instruction, output)
            case .text(let text): (text, inputs.instructions.own, text)
            case .answer(let query, let answer, let prompt):
                (query, prompt ?? inputs.instructions.next, answer)
            case .pair(let query, let positives, _, let prompt, _):
                (
                    query, prompt ?? inputs.instructions.next,
                    choice.choose(row: index, positives: positives, negatives: []).positive
                )
            }
        return CompressLoss.Example(
            input: inputs.input(context, instruction: instruction), target: inputs.target(output))
    }
}
