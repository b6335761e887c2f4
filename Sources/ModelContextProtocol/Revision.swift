/// A revision of the Model Context Protocol.
package enum Revision: String, Sendable, CaseIterable {
    /// Stateless: each request carries its revision in `_meta`.
    case july2026 = "2026-07-28"
    case november2025 = "2025-11-25"
    case june2025 = "2025-06-18"
    case march2025 = "2025-03-26"

    /// Whether a client agrees on the revision by `initialize`, instead of naming it in each request.
    package var usesHandshake: Bool { self != .july2026 }

    /// The answer to a client that asks for a revision that is not known.
    static let latestWithHandshake = Revision.november2025

    /// The revision that `initialize` agrees on.
    static func negotiated(requested: String?) -> Revision {
        guard let requested, let revision = Revision(rawValue: requested), revision.usesHandshake
        else { return latestWithHandshake }
        return revision
    }

    /// The names of all revisions, newest first.
    static var names: [String] { allCases.map(\.rawValue) }
}
