// Applications bring embedders and read identities with `import VectorDatabase` alone.
@_exported import Embedding
// The metric of a collection.
@_exported import Ranking

@available(*, deprecated, renamed: "EncodedText")
public typealias Embedding = EncodedText
