/// A recorded embedder that is there but cannot be loaded.
///
/// Whoever finds embedders for a database throws it; the database reports it as
/// `DatabaseError.embedderUnavailable`.
public struct EmbedderUnavailable: Error, CustomStringConvertible {
    /// The model's folder, or its name if it has none.
    public var path: String
    public var underlying: any Error

    public init(path: String, underlying: any Error) {
        self.path = path
        self.underlying = underlying
    }

    public var description: String { "\(path): the model cannot be loaded: \(underlying)" }
}
