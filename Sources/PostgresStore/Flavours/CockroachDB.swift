/// CockroachDB 25.2 or later, on paper: nobody has run this.
///
/// Its index of vectors is a tree of partitions for each place, and only a query by place and distance alone
/// uses it: with a filter, vectors are compared one by one. Its transactions are serializable, and one that
/// another was in the way of is tried again (40001), which is daily bread. Claims do not skip locked rows, since
/// it has skipped free ones.
extension FlavourRules {
    static let cockroach = FlavourRules(
        title: "CockroachDB",
        evidence: ("SELECT version() LIKE 'CockroachDB%'", "CockroachDB's version()"),
        hasHalves: false,
        // Partitions of each level that are looked into, each with some dozens of vectors; 32 by default.
        searchSettings: { ef in ["vector_search_beam_size = \(min(max(ef / 3, 1), 2048))"] },
        lookupSettings: [], walksWithFilter: false, skipsLocked: false,
        // An index of vectors over rows that are there stops writers, which it otherwise refuses to do.
        buildSettings: { _ in ["sql_safe_updates=off"] }, tableSize: nil,
        hasDurabilitySettings: false)
}
