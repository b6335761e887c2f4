/// How a collection's index is built.
public struct IndexOptions: Sendable, Equatable {
    /// What the walk through the graph compares; candidates are re-scored exactly in any case.
    public enum Quantization: String, Sendable, CaseIterable, Codable {
        case none, int8
    }

    /// Links a node keeps on each upper layer; twice as many on the bottom.
    public var m: Int
    /// Candidates examined for a new node's links.
    public var efConstruction: Int
    public var quantization: Quantization

    public init(m: Int = 16, efConstruction: Int = 200, quantization: Quantization = .int8) {
        self.m = m
        self.efConstruction = efConstruction
        self.quantization = quantization
    }
}
