/// One row of training data.
package enum TrainingRow: Sendable, Equatable {
    /// pretrain; compress: the model must write the text again from itself
    case text(String)
    /// compress
    case instruction(context: String, instruction: String, output: String)
    /// align and contrast; compress: the model must write the positive from the query. `prompt` stands for
    /// the query's instruction if the row has one.
    ///
    /// A negative that equals a positive is none; `leftOut` says how many of these the row had.
    case pair(
        query: String, positives: [String], negatives: [String], prompt: String?, leftOut: Int)
}
