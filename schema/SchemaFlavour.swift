/// PostgreSQL itself, and what distributes or imitates it. Only the first has ever run.
package enum SchemaFlavour: String, CaseIterable, Sendable {
    case postgres, citus, cockroach, yugabyte

    /// Whether each place of a collection has tables of its own, the partitions of the collection's. Without,
    /// its rows are among those of other places.
    package var hasParts: Bool {
        switch self {
        case .postgres, .yugabyte: true
        case .citus, .cockroach: false
        }
    }

    /// Whether vectors are an extension's.
    package var hasExtension: Bool { self != .cockroach }

    /// What its tables need besides or instead of the common statements, by occasion.
    var sections: [Section: String] {
        switch self {
        case .postgres: [:]
        case .citus: Self.sections(of: PackageResources.citus_sql)
        case .cockroach: Self.sections(of: PackageResources.cockroach_sql)
        case .yugabyte: Self.sections(of: PackageResources.yugabyte_sql)
        }
    }

    /// When statements run: after the common ones, but the graph's instead of them.
    enum Section: String, CaseIterable {
        case database, collection, vectors, graph
    }

    /// A section begins with a line of three hyphens and its name.
    private static func sections(of resource: [UInt8]) -> [Section: String] {
        var sections: [Section: String] = [:]
        var current: Section?
        for line in String(decoding: resource, as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false)
        {
            if line.hasPrefix("--- ") {
                current = Section(rawValue: String(line.dropFirst(4)))
            } else if let current {
                sections[current, default: ""] += "\(line)\n"
            }
        }
        return sections
    }
}
