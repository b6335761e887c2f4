// Applications bring embedders and read metadata and identities with `import VectorDatabase` alone.
@_exported import Embedding
@_exported import JSON
// The metric of a collection.
@_exported import Ranking

@available(*, deprecated, renamed: "EncodedText")
public typealias Embedding = EncodedText
