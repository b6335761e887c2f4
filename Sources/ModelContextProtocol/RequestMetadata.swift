import JSON

/// The era of a request, by its `_meta`.
///
/// A request of 2026-07-28 names its revision and the client's capabilities there. One that has
/// neither belongs to an earlier revision, whose `initialize` came before it, or should have: what
/// was agreed changes no answer, so nothing is remembered.
enum RequestMetadata {
    static let revisionKey = "io.modelcontextprotocol/protocolVersion"
    static let capabilitiesKey = "io.modelcontextprotocol/clientCapabilities"
    static let clientKey = "io.modelcontextprotocol/clientInfo"
    static let serverKey = "io.modelcontextprotocol/serverInfo"

    /// Whether a request is of the stateless era.
    ///
    /// - Throws: if it claims to be, and lacks what that era requires.
    static func isStateless(_ request: Request) throws(ProtocolError) -> Bool {
        // There is no such method in the stateless era, whatever the envelope says.
        if request.method == "initialize" { return false }
        let metadata = request.parameters["_meta"]?.objectValue ?? [:]
        let keys = [revisionKey, capabilitiesKey]
        let claims =
            request.method == "server/discover"
            || (keys + [clientKey]).contains { metadata.contains(key: $0) }
        guard claims else { return false }
        let missing = keys.filter { !metadata.contains(key: $0) }
        guard missing.isEmpty else {
            throw ProtocolError(
                .invalidParameters, "params._meta lacks " + missing.joined(separator: " and "))
        }
        guard let requested = metadata[revisionKey]?.stringValue else {
            throw ProtocolError(.invalidParameters, "\(revisionKey) must be a string")
        }
        guard metadata[capabilitiesKey]?.objectValue != nil else {
            throw ProtocolError(.invalidParameters, "\(capabilitiesKey) must be an object")
        }
        guard let revision = Revision(rawValue: requested), !revision.usesHandshake else {
            throw .unsupportedRevision(requested)
        }
        return true
    }
}
