/// What the model is asked to express: the instruction in its input.
public enum Instruction: Sendable, Hashable {
    /// The text that should follow, I_next: for queries.
    case next
    /// The text itself, I_self: for documents.
    case self_
    /// No instruction.
    case none
    /// An instruction that the model's folder does not define, used verbatim.
    case custom(String)
}

/// The task whose instructions are used.
public enum EmbeddingTask: String, Sendable, CaseIterable, Codable {
    /// Retrieval of documents for queries.
    case retrieval
    /// Semantic textual similarity.
    case sts
}

/// How a text's vector is computed from the last hidden states.
public enum Pooling: String, Sendable, Codable, CaseIterable {
    /// The mean of the states at the compressed tokens.
    case compressed
    /// The state at the last token; no compressed tokens are added.
    case last
    /// The mean of all states; no compressed tokens are added.
    case mean
    /// The state at the first token. In a decoder-only model it depends on no other token.
    case first = "cls"
}
