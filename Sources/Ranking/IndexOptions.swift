/// How a collection's graph is built (HNSW; Malkov and Yashunin 2018).
public struct IndexOptions: Sendable, Equatable {
    /// M: the most links of a node on each upper layer, twice as many on the bottom one; 2 to 128.
    /// More cost memory and time and increase recall.
    public var m: Int
    /// The number of candidates examined for the links of a new node. More make building slower and
    /// increase recall; 1 to 100,000.
    public var efConstruction: Int
    /// The form of the vectors that are compared during graph search. Candidates are re-scored
    /// exactly in any case.
    public var quantization: VectorQuantization

    /// Creates options. Values out of range throw `outOfRange` when a graph is built.
    public init(m: Int = 16, efConstruction: Int = 200, quantization: VectorQuantization = .int8) {
        self.m = m
        self.efConstruction = efConstruction
        self.quantization = quantization
    }

    /// The former name of ``VectorQuantization``.
    @available(*, deprecated, renamed: "VectorQuantization")
    public typealias Quantization = VectorQuantization
}

/// The form of the vectors that an index compares.
public enum VectorQuantization: String, Sendable, CaseIterable, Codable {
    /// float32, 4 bytes per component; scores are exact.
    case none
    /// 8-bit codes with one scale per vector, a quarter of the memory. Candidates are re-scored
    /// with the exact vectors.
    case int8
}
