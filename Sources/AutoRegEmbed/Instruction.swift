/// What the model is asked to express about a text.
public enum Instruction: Sendable, Hashable {
    /// The text that should follow: for queries.
    case next
    /// The text itself: for documents.
    case self_
    /// Nothing: the text alone.
    case none
    /// The model's folder does not know this one; the text is used as it is.
    case custom(String)
}

/// Which of a model's pairs of instructions is meant.
public enum EmbeddingTask: String, Sendable, CaseIterable {
    case retrieval
    /// Semantic textual similarity.
    case sts
}

/// How a text's vector is made from the last hidden states.
public enum Pooling: String, Sendable, CaseIterable {
    /// The mean of the states at the compressed tokens.
    case compressed
    /// The state at the last token; no compressed tokens are added.
    case last
    /// The mean of all states; no compressed tokens are added.
    case mean
    /// The state at the first token, which sees nothing else in a decoder-only model.
    case first = "cls"
}
