// Applications that bring embedders or read metadata need only `import VectorDatabase`.
@_exported import Embedding
@_exported import JSON
// The metric of a collection.
@_exported import Ranking

/// The former name of `EncodedText`.
@available(*, deprecated, renamed: "EncodedText")
public typealias Embedding = EncodedText
