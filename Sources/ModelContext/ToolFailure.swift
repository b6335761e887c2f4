import ModelContextProtocol
import VectorDatabase

/// Why a tool cannot do what it was asked for, as facts. The program words them, as it words those
/// of ``DatabaseError`` and ``FilterError``.
package enum ToolFailure: Error {
    /// The arguments do not match the tool's schema.
    case arguments(SchemaViolation, tool: String)
    /// The tool writes, and the server only reads.
    case readOnly(tool: String)
    /// The server serves other collections only.
    case collectionNotServed(name: String, served: [String])
    /// There is no collection of this name; those that there are. `nil`: none was named, and there
    /// is no obvious one.
    case collectionMissing(name: String?, existing: [String])
    /// Some documents were stored before one that could not be.
    case partlyAdded(count: Int, reason: any Error)
}
