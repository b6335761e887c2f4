/// Finds the embedder that a collection records.
public enum EmbedderResolution {
    /// Loads the folder that the identity names; `nil` where it names none.
    @Sendable public static func loadRecorded(
        _ recorded: EmbedderIdentity?
    ) throws -> (any Embedder)? {
        nil
    }
}
