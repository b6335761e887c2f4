/// The size on disk of one part of a database.
public struct PartBytes: Sendable, Equatable, Codable {
    /// The part: `text`, `vectors`, `metadata`, `index_file` and others.
    public var part: String
    /// Its size in bytes.
    public var bytes: Int

    /// Creates an entry.
    public init(part: String, bytes: Int) {
        self.part = part
        self.bytes = bytes
    }
}
