/// One row of training data.
package enum TrainingRow: Sendable, Equatable {
    /// pretrain; compress: the model learns to write the text from its own compressed tokens
    case text(String)
    /// compress
    case instruction(context: String, instruction: String, output: String)
    /// align and contrast; compress: the model learns to write the positive from the query.
    /// `prompt` replaces the query's instruction if the row has one.
    ///
    /// Negatives that equal a positive are removed; `leftOut` is their number.
    case pair(
        query: String, positives: [String], negatives: [String], prompt: String?, leftOut: Int)
    /// respond. `prompt` is the query's instruction, if it has one.
    case answer(query: String, answer: String, prompt: String?)
}
