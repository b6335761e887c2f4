/// The method that a model was trained with. It decides the settings that the model's folder leaves
/// out.
package enum EmbeddingMethod: String, Sendable, CaseIterable {
    /// AutoRegEmbed (Deng et al., EMNLP 2025): the compressed tokens carry a text, or what should
    /// follow it.
    case autoRegEmbed = "autoregembed"
    /// LLM2Vec-Gen (BehnamGhader et al. 2026, arXiv 2603.10913): the compressed tokens, projected,
    /// carry what the language model would answer.
    case llm2VecGen = "llm2vec-gen"

    var template: InputTemplate { self == .autoRegEmbed ? .standard : .answering }

    /// The number of compressed tokens, `<EMBED0>` and so on.
    var compressedTokenCount: Int { self == .autoRegEmbed ? 5 : 10 }

    var instructions: [EmbeddingTask: [String: String]] {
        switch self {
        case .autoRegEmbed:
            let sentence = "This sentence means in one word: \u{201C}"
            return [
                .retrieval: [
                    "next":
                        "Use one word to represent the query in a retrieval task. The word is: \u{201C}",
                    "self":
                        "Use one word to represent the passage in a retrieval task. The word is: \u{201C}",
                ],
                .sts: ["next": sentence, "self": sentence],
            ]
        case .llm2VecGen:
            // Each ends in a space: instruction and text are one string for the tokenizer.
            let similar = "Generate text that is semantically similar to this text: "
            return [
                .retrieval: [
                    "next": "Generate a passage that best answers this question: ",
                    "self": "Summarize the following passage: ",
                ],
                .sts: ["next": similar, "self": similar],
            ]
        }
    }
}
