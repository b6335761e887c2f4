/// The type in which the components of a vector are stored.
public enum VectorElement: String, Sendable, CaseIterable, Codable {
    case float32, float16

    /// The size of a component in bytes.
    @inlinable public var byteCount: Int { self == .float32 ? 4 : 2 }
}
