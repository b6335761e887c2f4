import TextBytes

/// Rows of {query, answer}, with the teacher's vectors.
///
/// A query has the instruction of its row, or none: the paper's queries are instructions themselves.
struct RespondSource: ExampleSource {
    let data: TrainingData
    let inputs: TextInputs
    /// Whether the loss needs the answers' tokens.
    let readsAnswers: Bool
    let compressedTokens: Int
    /// Whether nothing before the compressed tokens has a gradient.
    let hasConstantWords: Bool
    /// Nil without an alignment loss.
    let teacher: TeacherVectors?

    var count: Int { data.count }
    var cuts: CutTexts? { inputs.cuts }
    func line(_ index: Int) -> Int { data.line(index) }

    func example(_ index: Int) throws(TrainingError) -> RespondLoss.Example {
        guard case .answer(let query, let answer, let prompt) = try data.row(index) else {
            preconditionFailure("the reader gives the stage's rows")
        }
        return RespondLoss.Example(
            input: inputs.input(query, instruction: prompt ?? ""),
            target: readsAnswers ? inputs.target(answer.trimmingWhiteSpace()) : [],
            teacher: teacher?.vector(ofRow: index) ?? [], compressedTokens: compressedTokens,
            hasConstantWords: hasConstantWords)
    }
}
