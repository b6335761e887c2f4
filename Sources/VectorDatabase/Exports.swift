// Applications bring embedders and read identities with `import VectorDatabase` alone.
@_exported import Embedding

@available(*, deprecated, renamed: "EncodedText")
public typealias Embedding = EncodedText
