/// What the numbers of stored vectors are.
public enum VectorElement: String, Sendable, CaseIterable, Codable {
    case float32, float16

    /// Bytes of one number.
    @inlinable public var byteCount: Int { self == .float32 ? 4 : 2 }
}
