/// A recorded embedder exists but cannot be loaded.
///
/// Thrown by closures that find embedders for a database, which reports it as
/// `DatabaseError.embedderUnavailable`.
public struct EmbedderUnavailable: Error, CustomStringConvertible {
    /// The model's folder, or its name if it has none.
    public var path: String
    /// Why it cannot be loaded.
    public var underlying: any Error

    /// Both are shown to the user.
    public init(path: String, underlying: any Error) {
        self.path = path
        self.underlying = underlying
    }

    /// The path and the underlying error's description.
    public var description: String { "\(path): the model cannot be loaded: \(underlying)" }
}
